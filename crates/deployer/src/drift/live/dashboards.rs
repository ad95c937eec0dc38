//! Dashboards of CloudWatch.

use crate::error::{Result, aws, text};
use crate::named::dashboard_exists;
use crate::session::Session;

use super::super::intended::Intended;
use super::part::{Live, Properties};

/// A dashboard that exists but that the emulator can't return is unchecked.
pub(super) async fn read(session: &Session<'_>, dashboard: &Intended) -> Result<Live> {
    let name = &dashboard.physical_id;
    let doing = || format!("read the dashboard {name}");
    let request = session.clients.cloudwatch.get_dashboard();
    let refused = match request.dashboard_name(name).send().await {
        Ok(found) => {
            let body = found.dashboard_body();
            return Ok(Properties::default().set("DashboardBody", body).found());
        }
        Err(error) if error.as_service_error().is_none() => return Err(aws(doing())(error)),
        Err(error) => text(&error).to_owned(),
    };
    let exists = dashboard_exists(session, name).await;
    Ok(match exists.map_err(aws(doing()))? {
        true => Live::Unchecked(refused),
        false => Live::Missing,
    })
}
