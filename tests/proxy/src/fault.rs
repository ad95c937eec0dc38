//! Faults of a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A fault of a request.
#[derive(Clone)]
pub enum Fault {
    /// The connection ends before the cloud has received the request.
    DropBefore,
    /// The cloud executes the request, and the connection ends before the reply.
    DropAfter,
    /// A gateway's page in HTML with this status, instead of the cloud's reply.
    Page(u16),
    /// The service throttles the request, in its own protocol.
    Throttle,
    /// The credentials have expired, in the service's protocol.
    Expire,
    /// The credentials don't allow this call, in the service's protocol.
    Deny,
    /// The service refuses with this status, code, and message, in its own protocol.
    Refuse(u16, &'static str, &'static str),
    /// The connection ends in the middle of the request's body, for both the cloud and the client.
    CutRequest,
    /// The cloud never receives the request, and the connection stays open without a reply.
    Hang,
    /// The cloud executes the request, and the connection stays open without a reply.
    HangAfter,
    /// The connection ends in the middle of the reply's body.
    Cut,
    /// The reply's body is truncated to half, but is complete for HTTP.
    Truncate,
    /// The reply's body isn't valid in any protocol.
    Garble,
    /// The request is forwarded after this time.
    Delay(Duration),
    /// The reply's body is changed.
    Rewrite(Rewriting),
}

/// Changes the text of a reply's body.
pub(crate) type Rewriting = Arc<dyn Fn(&str) -> String + Send + Sync>;

impl Fault {
    /// Changes the reply's body.
    #[must_use]
    pub fn rewrite(change: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::Rewrite(Arc::new(change))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DropBefore => "DropBefore",
            Self::DropAfter => "DropAfter",
            Self::Page(_) => "Page",
            Self::Throttle => "Throttle",
            Self::Expire => "Expire",
            Self::Deny => "Deny",
            Self::Refuse(..) => "Refuse",
            Self::CutRequest => "CutRequest",
            Self::Hang => "Hang",
            Self::HangAfter => "HangAfter",
            Self::Cut => "Cut",
            Self::Truncate => "Truncate",
            Self::Garble => "Garble",
            Self::Delay(_) => "Delay",
            Self::Rewrite(_) => "Rewrite",
        })
    }
}
