//! The network that the sandbox has from the start.

use crate::bench::unique_name;
use crate::cloud::Cloud;

/// A VPC with its subnets, and its security group.
pub struct DefaultNetwork {
    /// ID of the VPC.
    pub vpc: String,
    /// IDs of two subnets, in different zones.
    pub subnets: [String; 2],
    /// ID of the security group `default`.
    pub group: String,
}

impl Cloud {
    /// Returns the region's default network.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn default_network(&self) -> DefaultNetwork {
        let default = "Filter.1.Name=default-for-az&Filter.1.Value.1=true";
        let subnets = self.ec2(&format!("DescribeSubnets&{default}"));
        let vpc = text_of(&subnets, "vpcId", 0);
        let of_vpc = format!(
            "Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}&Filter.2.Name=group-name&Filter.2.Value.1=default"
        );
        let groups = self.ec2(&format!("DescribeSecurityGroups&{of_vpc}"));
        DefaultNetwork {
            subnets: [0, 1].map(|index| text_of(&subnets, "subnetId", index)),
            group: text_of(&groups, "groupId", 0),
            vpc,
        }
    }

    /// Creates a security group in a VPC, and returns its ID.
    ///
    /// # Panics
    /// If EC2 refuses.
    #[must_use]
    pub fn create_security_group(&self, vpc: &str) -> String {
        let name = unique_name("group");
        let create =
            format!("CreateSecurityGroup&GroupName={name}&GroupDescription=tests&VpcId={vpc}");
        text_of(&self.ec2(&create), "groupId", 0)
    }
}

/// Returns the text of an XML element with this name. If there are several, the one with this index.
fn text_of(xml: &str, name: &str, index: usize) -> String {
    let opening = format!("<{name}>");
    let found = xml.split(&opening).nth(index + 1).unwrap();
    found.split('<').next().unwrap().to_owned()
}
