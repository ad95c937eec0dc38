//! A proxy in front of a cloud. It forwards every request, unless a [`Rule`] causes a fault.
//!
//! It reads only the called service and action of a request: the service from the signature; the action from
//! the form, the target header, the path of rpc-v2-cbor, or the method and path of a REST request. It records
//! every request, so that a test can check which calls were made.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "whatever goes wrong in the proxy fails the test that uses it"
)]

mod call;
mod fault;
mod http;
mod proxy;
mod reply;
mod rule;

pub use call::Call;
pub use fault::Fault;
pub use proxy::Proxy;
pub use rule::Rule;
