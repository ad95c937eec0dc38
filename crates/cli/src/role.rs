//! The role that CloudFormation assumes.

/// With whose permissions CloudFormation works.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct RoleArg {
    /// IAM role that CloudFormation assumes instead of using your own permissions; the stack keeps it
    #[arg(long, value_name = "ARN", value_parser = parse_role)]
    pub role_arn: Option<String>,
}

impl RoleArg {
    /// Returns the argument for a hint.
    pub(crate) fn as_written(&self) -> String {
        let arn = self.role_arn.as_deref();
        arn.map_or_else(String::new, |arn| format!(" --role-arn {arn}"))
    }
}

/// Parses `arn:PARTITION:iam::ACCOUNT:role/NAME`, optionally with a path.
fn parse_role(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_role = matches!(parts.as_slice(), ["arn", partition, "iam", "", account, role]
        if partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()));
    match is_role {
        true => Ok(text.to_owned()),
        false => Err("expected arn:aws:iam::ACCOUNT:role/NAME".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arns_of_roles_are_taken() {
        for right in [
            "arn:aws:iam::111122223333:role/cloudformation",
            "arn:aws-us-gov:iam::111122223333:role/teams/shop/cloudformation",
        ] {
            assert_eq!(parse_role(right).as_deref(), Ok(right));
        }
        for wrong in [
            "cloudformation",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:user/cloudformation",
            "arn:aws:sts::111122223333:assumed-role/cloudformation/me",
            "arn:aws:iam::aws:role/cloudformation",
        ] {
            assert!(parse_role(wrong).is_err(), "{wrong}");
        }
    }
}
