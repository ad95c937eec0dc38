//! The sandbox's services, through their own APIs.

use std::collections::BTreeMap;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use deployer::{Clients, Connection};
use scaling::MetricRequest;
use serde_json::Value;

use crate::bench::Bench;

/// The region of a definition that doesn't set one.
const REGION: &str = "us-east-1";

/// The clients of one region.
pub struct Cloud {
    /// One client per service.
    pub clients: Clients,
    endpoint: String,
}

/// The resources of a stack: type and physical ID by logical ID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources(BTreeMap<String, (String, String)>);

impl Cloud {
    /// Connects to the sandbox's services in the region of definitions that don't set one.
    pub async fn connect(bench: &Bench) -> Self {
        Self::in_region(bench, REGION).await
    }

    /// Connects to the sandbox's services in a region.
    ///
    /// # Panics
    /// If the clients can't be created.
    pub async fn in_region(bench: &Bench, region: &str) -> Self {
        let connection = Connection {
            region: Some(region.to_owned()),
            endpoint_url: Some(bench.endpoint().to_owned()),
            test_credentials: true,
            profile: None,
        };
        Self {
            clients: Clients::connect(&connection).await.unwrap(),
            endpoint: bench.endpoint().to_owned(),
        }
    }

    /// Returns CloudFormation's status of a stack. `None` if it doesn't exist.
    ///
    /// # Panics
    /// If CloudFormation fails in another way.
    pub async fn stack_status(&self, name: &str) -> Option<String> {
        let sent = self
            .clients
            .cloudformation
            .describe_stacks()
            .stack_name(name)
            .send()
            .await;
        match sent {
            Ok(reply) => Some(reply.stacks()[0].stack_status().unwrap().to_string()),
            Err(error) => {
                let text = format!("{error:?}");
                assert!(text.contains("does not exist"), "{text}");
                None
            }
        }
    }

    /// Returns the resources of a stack that aren't deleted.
    ///
    /// # Panics
    /// If the stack doesn't exist.
    pub async fn resources(&self, stack: &str) -> Resources {
        let mut pages = self
            .clients
            .cloudformation
            .list_stack_resources()
            .stack_name(stack)
            .into_paginator()
            .items()
            .send();
        let mut found = BTreeMap::new();
        while let Some(resource) = pages.next().await {
            let resource = resource.unwrap();
            if resource.resource_status().unwrap().as_str() == "DELETE_COMPLETE" {
                continue;
            }
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            let value = (
                text(resource.resource_type()),
                text(resource.physical_resource_id()),
            );
            let earlier = found.insert(text(resource.logical_resource_id()), value);
            assert_eq!(earlier, None, "a logical id is listed twice");
        }
        Resources(found)
    }

    /// Returns the attributes of a queue. `None` if it doesn't exist.
    ///
    /// # Panics
    /// If SQS fails in another way.
    pub async fn queue(&self, url: &str) -> Option<BTreeMap<String, String>> {
        let request = self.clients.sqs.get_queue_attributes().queue_url(url);
        match request
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
        {
            Ok(reply) => Some(
                reply
                    .attributes()
                    .unwrap()
                    .iter()
                    .map(|(name, value)| (name.as_str().to_owned(), value.clone()))
                    .collect(),
            ),
            Err(error) => {
                let missing = error
                    .as_service_error()
                    .is_some_and(|error| error.is_queue_does_not_exist());
                assert!(missing, "{error:?}");
                None
            }
        }
    }

    /// Sends this many messages to a queue.
    ///
    /// # Panics
    /// If SQS rejects one of them.
    pub async fn send(&self, url: &str, messages: usize) {
        let is_fifo = url.ends_with(".fifo");
        let entries: Vec<_> = (0..messages)
            .map(|number| {
                SendMessageBatchRequestEntry::builder()
                    .id(number.to_string())
                    .message_body(format!("message {number}"))
                    .set_message_group_id(is_fifo.then(|| format!("group-{number}")))
                    .set_message_deduplication_id(is_fifo.then(|| number.to_string()))
                    .build()
                    .unwrap()
            })
            .collect();
        for batch in entries.chunks(10) {
            let request = self.clients.sqs.send_message_batch().queue_url(url);
            let reply = request.set_entries(Some(batch.to_vec())).send().await;
            assert_eq!(reply.unwrap().failed(), []);
        }
    }

    /// Returns the targets of a stack's rules: the target's ID and its unchanged input.
    ///
    /// # Panics
    /// If a rule doesn't exist anymore.
    pub async fn rule_inputs(&self, resources: &Resources) -> Vec<String> {
        let mut inputs = Vec::new();
        for rule in resources.ids_of_type("AWS::Events::Rule") {
            let request = self.clients.eventbridge.list_targets_by_rule().rule(rule);
            let reply = request.send().await.unwrap();
            let targets = reply.targets().iter();
            inputs.extend(targets.map(|target| target.input().unwrap().to_owned()));
        }
        inputs
    }

    /// Returns the measurements that a stack's rules request.
    ///
    /// # Panics
    /// If a rule's input isn't a valid request.
    pub async fn measured(&self, resources: &Resources) -> Vec<MetricRequest> {
        let inputs = self.rule_inputs(resources).await;
        let parse = |input: &String| serde_json::from_str(input).unwrap();
        inputs.iter().map(parse).collect()
    }

    /// Invokes the metric function directly. Returns its response.
    ///
    /// # Panics
    /// If the invocation fails.
    pub async fn invoke(&self, function: &str, input: &str) -> Value {
        let request = self.clients.lambda.invoke().function_name(function);
        let reply = request.payload(Blob::new(input)).send().await.unwrap();
        let payload = String::from_utf8_lossy(reply.payload().unwrap().as_ref()).into_owned();
        assert_eq!(reply.function_error(), None, "{payload}");
        serde_json::from_str(&payload).unwrap()
    }

    /// Sets a service's desired count directly, as the autoscaler would.
    ///
    /// # Panics
    /// If ECS refuses.
    pub async fn set_desired_count(&self, cluster: &str, service: &str, count: i32) {
        let request = self.clients.ecs.update_service().cluster(cluster);
        let sent = request.service(service).desired_count(count).send().await;
        sent.unwrap();
    }

    /// Describes an ECS service. `None` if it doesn't exist or has been deleted.
    ///
    /// # Panics
    /// If ECS fails in another way.
    pub async fn service(&self, arn: &str) -> Option<aws_sdk_ecs::types::Service> {
        let cluster = arn.rsplit('/').nth(1).unwrap();
        let request = self.clients.ecs.describe_services().cluster(cluster);
        match request.services(arn).send().await {
            Ok(reply) => {
                let found = reply.services.unwrap_or_default().into_iter().next();
                found.filter(|service| service.status() != Some("INACTIVE"))
            }
            Err(error) => {
                let missing = error
                    .as_service_error()
                    .is_some_and(|error| error.is_cluster_not_found_exception());
                assert!(missing, "{error:?}");
                None
            }
        }
    }

    /// Calls an action of EC2, whose SDK crate is many times larger than all others. Returns the reply's XML.
    ///
    /// # Panics
    /// If EC2 fails.
    #[must_use]
    pub fn ec2(&self, action: &str) -> String {
        self.query("ec2", "2016-11-15", action)
    }

    /// Calls an action of a service that replies in XML and that only the tests use. Parameters follow an `&`.
    /// The sandbox reads the service's name from the signature and checks nothing else in it.
    ///
    /// # Panics
    /// If the service fails.
    #[must_use]
    pub fn query(&self, service: &str, version: &str, action: &str) -> String {
        let header = self.authorization(service);
        let url = format!("{}/?Action={action}&Version={version}", self.endpoint);
        let request = ureq::get(url).header("Authorization", header);
        request.call().unwrap().body_mut().read_to_string().unwrap()
    }
}

impl Cloud {
    fn authorization(&self, service: &str) -> String {
        let region = self.clients.region();
        let scope = format!("Credential=test/20260101/{region}/{service}/aws4_request");
        format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0")
    }

    /// Requests a certificate from ACM, whose SDK crate only tests would need. Returns its ARN.
    ///
    /// # Panics
    /// If ACM fails.
    #[must_use]
    pub fn request_certificate(&self) -> String {
        let request = ureq::post(&self.endpoint)
            .header("Authorization", self.authorization("acm"))
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("X-Amz-Target", "CertificateManager.RequestCertificate");
        let reply = request.send(r#"{"DomainName": "example.com"}"#);
        let reply = reply.unwrap().body_mut().read_to_string().unwrap();
        let reply: Value = serde_json::from_str(&reply).unwrap();
        reply["CertificateArn"].as_str().unwrap().to_owned()
    }
}

impl Resources {
    /// Returns the physical ID of a resource.
    ///
    /// # Panics
    /// If the stack has no such resource.
    #[must_use]
    #[track_caller]
    pub fn id(&self, logical_id: &str) -> &str {
        match self.0.get(logical_id) {
            Some((_, id)) => id,
            None => panic!("no {logical_id} in {:?}", self.0.keys()),
        }
    }

    /// Returns the physical IDs of the resources of a type.
    pub fn ids_of_type(&self, kind: &str) -> impl Iterator<Item = &str> {
        let ids = self
            .0
            .values()
            .filter(move |(type_name, _)| type_name == kind);
        ids.map(|(_, id)| id.as_str())
    }

    /// Returns the logical IDs.
    pub fn logical_ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns the physical IDs.
    pub fn physical_ids(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|(_, id)| id.as_str())
    }
}
