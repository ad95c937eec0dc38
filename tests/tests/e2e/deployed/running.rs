//! ECS: the service and its tasks.

use aws_sdk_ecs::types::KeyValuePair;

use super::{ACCOUNT, REGION, Seen};

impl Seen<'_> {
    pub(super) async fn service(&self) {
        let arn = self.id("VoucherWorkerService");
        let service = self.cloud.service(arn).await.unwrap();
        assert_eq!(service.status(), Some("ACTIVE"));
        assert_eq!((service.desired_count(), service.running_count()), (1, 1));
        assert_eq!(
            service.task_definition(),
            Some(self.id("VoucherWorkerTaskDefinition"))
        );
        let strategy = service.capacity_provider_strategy().iter();
        let strategy: Vec<_> = strategy
            .map(|i| (i.capacity_provider(), i.weight()))
            .collect();
        assert_eq!(strategy, [("FARGATE", 1)]);
        let deployment = service.deployment_configuration().unwrap();
        let breaker = deployment.deployment_circuit_breaker().unwrap();
        assert!(breaker.enable() && breaker.rollback());
        let network = service.network_configuration().unwrap();
        let network = network.awsvpc_configuration().unwrap();
        let subnets = [self.id("PublicSubnet1"), self.id("PublicSubnet2")];
        assert_eq!(network.subnets(), subnets);
        let security_groups = network.security_groups();
        assert_eq!(security_groups, [self.id("TaskSecurityGroup")]);
        for id in subnets {
            assert!(self.cloud.ec2("DescribeSubnets").contains(id), "{id}");
        }
        assert!(
            self.cloud
                .ec2("DescribeSecurityGroups")
                .contains(&security_groups[0])
        );
    }

    pub(super) async fn task_definition(&self) {
        let request = self.cloud.clients.ecs.describe_task_definition();
        let request = request.task_definition(self.id("VoucherWorkerTaskDefinition"));
        let found = request.send().await.unwrap().task_definition.unwrap();
        assert_eq!((found.cpu(), found.memory()), (Some("256"), Some("512")));
        let platform = found.runtime_platform().unwrap();
        assert_eq!(platform.cpu_architecture().unwrap().as_str(), "ARM64");
        let role = |id| format!("arn:aws:iam::{ACCOUNT}:role/{}", self.id(id));
        assert_eq!(found.task_role_arn(), Some(&*role("VoucherWorkerTaskRole")));
        assert_eq!(
            found.execution_role_arn(),
            Some(&*role("VoucherWorkerExecutionRole"))
        );
        let [container] = found.container_definitions() else {
            panic!("{found:?}");
        };
        assert_eq!(
            container.image(),
            Some("public.ecr.aws/docker/library/busybox:1.37")
        );
        assert_eq!(container.command(), ["tail", "-f", "/dev/null"]);
        assert_eq!(container.stop_timeout(), Some(30));
        let url = self.id("VouchersQueue");
        let variable = |name: &str| KeyValuePair::builder().name(name).value(url).build();
        let expected = [variable("QUEUE_URL"), variable("QUEUE_URL_VOUCHERS")];
        assert_eq!(container.environment(), expected);
        let log = container.log_configuration().unwrap();
        assert_eq!(log.log_driver().as_str(), "awslogs");
        let options = log.options().unwrap();
        assert_eq!(options["awslogs-group"], self.id("VoucherWorkerLogGroup"));
        assert_eq!(options["awslogs-region"], REGION);
    }
}
