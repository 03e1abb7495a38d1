"""What a template says, and how its parts hang together."""

from __future__ import annotations

import json
import re

import pytest

from neuronserve.deploy.ecs.rendering.spec import Mode, Network
from neuronserve.deploy.policy.task import Needs
from neuronserve.deploy.stack.plan import PLACEHOLDER, Scale
from neuronserve.deploy.stack.template import INLINE_LIMIT, LIMIT, fit, template
from neuronserve.errors import InvalidInput
from tests.deploying.cloudformation import filled
from tests.deploying.iam import may

SCALE = {"scale": (Scale("cpu", 60),), "max_tasks": 3}


def _resources(plan, kind):
    return {
        name: one["Properties"]
        for name, one in template(plan)["Resources"].items()
        if one["Type"] == f"AWS::{kind}"
    }


def _one(plan, kind):
    (found,) = _resources(plan, kind).values()
    return found


@pytest.mark.parametrize(
    "changes", [{}, {"slots": 4}, {"mode": Mode.MANAGED}, {"log_group": "/a", "logs": True}]
)
def test_no_placeholder_is_left(plan, changes):
    kind = "inf2.24xlarge"
    assert PLACEHOLDER not in json.dumps(template(plan(kind, **changes)))


def test_a_slot_is_a_task_definition_and_a_service(plan):
    made = plan("inf1.6xlarge", slots=4)
    assert list(_resources(made, "ECS::TaskDefinition")) == [f"TaskDefinitionSlot{n}" for n in range(4)]
    services = _resources(made, "ECS::Service")
    assert services["ServiceSlot2"]["TaskDefinition"] == {"Ref": "TaskDefinitionSlot2"}


def test_one_half_of_the_slots_is_deployed_after_the_other(plan):
    services = template(plan("inf1.24xlarge", slots=5))["Resources"]
    first = [f"ServiceSlot{n}" for n in range(3)]
    assert not set(first) & set(services["ServiceSlot2"]["DependsOn"])
    for name in ("ServiceSlot3", "ServiceSlot4"):
        assert set(first) <= set(services[name]["DependsOn"])


def test_a_service_frees_its_chips_before_it_takes_them_again(plan):
    service = _one(plan(), "ECS::Service")
    assert service["DeploymentConfiguration"]["MaximumPercent"] == 100
    assert service["AvailabilityZoneRebalancing"] == "DISABLED"
    assert service["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {
        "Enable": True,
        "Rollback": True,
    }
    assert service["PlacementConstraints"] == [{"Type": "distinctInstance"}]
    assert template(plan())["Parameters"]["MinimumHealthyPercent"]["Default"] == 0


def test_a_service_goes_before_the_capacity_that_it_uses(plan):
    service = template(plan(balancer=True))["Resources"]["Service"]
    assert service["DependsOn"] == ["ClusterCapacityProviders", "Listener"]


def test_scaling_owns_the_number_of_tasks(plan):
    assert "DesiredCount" not in _one(plan(**SCALE), "ECS::Service")
    assert _one(plan(), "ECS::Service")["DesiredCount"] == {"Ref": "Tasks"}
    target = _one(plan(**SCALE), "ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == ({"Ref": "Tasks"}, {"Ref": "MaxTasks"})


def test_the_capacity_provider_owns_the_number_of_instances(plan):
    group = _one(plan(), "AutoScaling::AutoScalingGroup")
    assert "DesiredCapacity" not in group
    provider = _one(plan(), "ECS::CapacityProvider")["AutoScalingGroupProvider"]
    assert provider["ManagedScaling"]["Status"] == "ENABLED"
    assert provider["ManagedDraining"] == "ENABLED"


def test_instances_are_protected_from_scaling_in_as_the_capacity_provider_demands(plan):
    made = template(plan(**SCALE))
    assert made["Parameters"]["TerminationProtection"]["Default"] == "ENABLED"
    group = made["Resources"]["Instances"]["Properties"]
    assert group["NewInstancesProtectedFromScaleIn"] == {"Fn::If": ["ProtectInstances", True, False]}
    assert made["Conditions"]["ProtectInstances"] == {
        "Fn::Equals": [{"Ref": "TerminationProtection"}, "ENABLED"]
    }
    provider = made["Resources"]["CapacityProvider"]["Properties"]["AutoScalingGroupProvider"]
    assert provider["ManagedTerminationProtection"] == {"Ref": "TerminationProtection"}


def test_without_scaling_a_stack_can_be_deleted_as_it_is(plan):
    assert template(plan())["Parameters"]["TerminationProtection"]["Default"] == "DISABLED"


def test_instances_run_ecss_neuron_ami(plan):
    made = template(plan())
    parameter = made["Parameters"]["NeuronAmi"]
    assert parameter["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
    assert parameter["Default"].endswith("/amazon-linux-2023/neuron/recommended/image_id")
    data = made["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    assert data["ImageId"] == {"Ref": "NeuronAmi"}
    assert data["InstanceType"] == "inf1.xlarge"


def test_instances_are_not_to_be_taken_over(plan):
    data = _one(plan(), "EC2::LaunchTemplate")["LaunchTemplateData"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True


def test_an_instance_joins_the_cluster_and_gives_tasks_time_to_drain(plan):
    data = _one(plan(drain_seconds=60), "EC2::LaunchTemplate")["LaunchTemplateData"]
    lines = data["UserData"]["Fn::Base64"]["Fn::Sub"].splitlines()
    assert lines[0] == "#!/bin/bash"
    assert "ECS_CLUSTER=${Cluster}" in lines
    assert "ECS_CONTAINER_STOP_TIMEOUT=70s" in lines


def test_only_tasks_with_an_interface_of_their_own_are_kept_from_the_metadata_by_the_agent(plan):
    assert "BLOCK_IMDS" in json.dumps(_one(plan(network=Network.AWSVPC), "EC2::LaunchTemplate"))
    assert "BLOCK_IMDS" not in json.dumps(_one(plan(), "EC2::LaunchTemplate"))


def test_managed_instances_have_a_capacity_provider_and_no_group(plan):
    made = template(plan("trn1.2xlarge", mode=Mode.MANAGED))["Resources"]
    kinds = {one["Type"] for one in made.values()}
    assert not kinds & {
        "AWS::AutoScaling::AutoScalingGroup",
        "AWS::EC2::LaunchTemplate",
        "AWS::ECS::ClusterCapacityProviderAssociations",  # ECS refuses them for Managed Instances
    }
    provider = made["CapacityProvider"]["Properties"]
    assert provider["ClusterName"] == {"Ref": "Cluster"}
    needs = provider["ManagedInstancesProvider"]["InstanceLaunchTemplate"]["InstanceRequirements"]
    assert needs["AllowedInstanceTypes"] == ["trn1.2xlarge"]
    passing = made["InfrastructurePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert passing["Resource"] == {"Fn::GetAtt": ["InstanceRole", "Arn"]}


def test_tags_of_the_stack_never_keep_managed_instances_from_starting(plan):
    made = _one(plan("trn1.2xlarge", mode=Mode.MANAGED), "ECS::CapacityProvider")
    template_of_instances = made["ManagedInstancesProvider"]["InstanceLaunchTemplate"]
    assert template_of_instances["InstanceMetadataTagsPropagation"] is False


def test_inf1_has_no_managed_instances(plan):
    with pytest.raises(InvalidInput, match="Inf1"):
        template(plan("inf1.xlarge", mode=Mode.MANAGED))


def test_the_balancer_asks_ping_and_lets_requests_end(plan):
    made = plan(balancer=True, drain_seconds=40.5, load_seconds=600)
    group = _one(made, "ElasticLoadBalancingV2::TargetGroup")
    attributes = {one["Key"]: one["Value"] for one in group["TargetGroupAttributes"]}
    assert group["HealthCheckPath"] == "/ping"
    assert attributes["deregistration_delay.timeout_seconds"] == "41"
    assert _one(made, "ECS::Service")["HealthCheckGracePeriodSeconds"] > 600


CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
DOMAIN = {"domain": "digits.example.com", "hosted_zone": "Z0123456789ABC"}


@pytest.mark.parametrize("wish", [{"certificate": CERTIFICATE}, DOMAIN], ids=["certificate", "domain"])
def test_with_a_certificate_no_parameter_opens_the_port_of_http(plan, wish):
    made = template(plan(balancer=True, **wish))
    listener = made["Resources"]["Listener"]["Properties"]
    (clients,) = made["Resources"]["BalancerSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert (listener["Protocol"], listener["Port"], clients["FromPort"]) == ("HTTPS", 443, 443)
    assert "HasCertificate" not in json.dumps(made)
    for name in {"CertificateArn", "DomainName"} & set(made["Parameters"]):
        assert not re.fullmatch(made["Parameters"][name]["AllowedPattern"], "")


def test_a_domain_gets_a_certificate_that_its_zone_validates_and_a_record(plan):
    made = template(plan(balancer=True, **DOMAIN))
    certificate = _one(plan(balancer=True, **DOMAIN), "CertificateManager::Certificate")
    assert certificate["DomainValidationOptions"] == [
        {"DomainName": {"Ref": "DomainName"}, "HostedZoneId": {"Ref": "HostedZoneId"}}
    ]
    assert made["Resources"]["Listener"]["Properties"]["Certificates"] == [
        {"CertificateArn": {"Ref": "Certificate"}}
    ]
    assert made["Outputs"]["Url"]["Value"] == {"Fn::Sub": "https://${DomainName}"}


@pytest.mark.parametrize(
    ("uri", "bucket", "prefix"),
    [
        ("s3://logs", "logs", None),
        ("s3://logs/", "logs", None),
        ("s3://team-logs/a/b/", "team-logs", "a/b"),
        ("", {"Ref": "AccessLogBucket"}, None),
    ],
)
def test_access_logs_go_to_a_bucket_that_exists_or_to_the_stacks_own(plan, uri, bucket, prefix):
    balancer = _one(plan(balancer=True, access_logs=uri), "ElasticLoadBalancingV2::LoadBalancer")
    attributes = {one["Key"]: one["Value"] for one in balancer["LoadBalancerAttributes"]}
    assert attributes["access_logs.s3.enabled"] == "true"
    assert attributes["access_logs.s3.bucket"] == bucket
    assert attributes.get("access_logs.s3.prefix") == prefix


def test_only_the_load_balancer_of_this_account_writes_to_the_access_logs_bucket(plan):
    """The policy is the one of the ELB user guide, "Attach a policy to your S3 bucket"."""
    made = template(plan(balancer=True, access_logs=""))["Resources"]
    writes, encrypted = made["AccessLogBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert writes["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert writes["Resource"] == {"Fn::Sub": "${AccessLogBucket.Arn}/AWSLogs/${AWS::AccountId}/*"}
    assert (encrypted["Effect"], encrypted["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    bucket = made["AccessLogBucket"]
    assert bucket["DeletionPolicy"] == "Retain"
    encryption = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption[0]["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert made["LoadBalancer"]["DependsOn"] == ["AccessLogBucketPolicy"]


def test_the_log_group_is_encrypted_with_the_key_that_a_parameter_names(plan):
    made = template(plan(log_kms_key="arn:aws:kms:us-east-1:123456789012:key/a"))
    assert made["Resources"]["LogGroup"]["Properties"]["KmsKeyId"]["Fn::If"][1] == {"Ref": "LogKmsKeyArn"}
    assert template(plan())["Parameters"]["LogKmsKeyArn"]["Default"] == ""


def test_without_a_balancer_no_service_speaks_of_one(plan):
    service = _one(plan(), "ECS::Service")
    assert not {"LoadBalancers", "HealthCheckGracePeriodSeconds"} & set(service)


@pytest.mark.parametrize(
    ("network", "target"), [(Network.BRIDGE, "instance"), (Network.HOST, "instance"), (Network.AWSVPC, "ip")]
)
def test_targets_are_what_the_network_has(plan, network, target):
    assert (
        _one(plan(balancer=True, network=network), "ElasticLoadBalancingV2::TargetGroup")["TargetType"]
        == target
    )


def test_slots_share_a_target_group_and_on_the_hosts_network_differ_in_port(plan):
    services = _resources(plan("inf1.6xlarge", slots=2, network=Network.HOST, balancer=True), "ECS::Service")
    balancers = [one["LoadBalancers"][0] for one in services.values()]
    assert [one["ContainerPort"] for one in balancers] == [8080, 8081]
    assert [one["TargetGroupArn"] for one in balancers] == [{"Ref": "TargetGroup"}] * 2


def test_only_the_balancer_reaches_the_tasks(plan):
    made = template(plan("inf1.6xlarge", slots=4, balancer=True))["Resources"]
    (rule,) = made["InstanceSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert rule["SourceSecurityGroupId"] == {"Fn::GetAtt": ["BalancerSecurityGroup", "GroupId"]}
    assert (rule["FromPort"], rule["ToPort"]) == (8080, 8083)


def test_with_awsvpc_nobody_reaches_the_instances(plan):
    made = template(plan(network=Network.AWSVPC))["Resources"]
    assert "SecurityGroupIngress" not in made["InstanceSecurityGroup"]["Properties"]
    network = made["Service"]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["SecurityGroups"] == [{"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]}]


def test_clients_have_to_be_named_for_a_balancer(plan):
    assert "Default" not in template(plan(balancer=True))["Parameters"]["ClientCidr"]
    assert template(plan())["Parameters"]["ClientCidr"]["Default"] == ""


def test_another_model_is_a_parameter_and_its_rights_follow(plan):
    made = template(plan(model_uri="s3://models/digits/"))
    parameters = made["Parameters"]
    assert (parameters["ModelBucket"]["Default"], parameters["ModelKey"]["Default"]) == ("models", "digits/")
    values = {"ModelBucket": "others", "ModelKey": "letters/"}
    (policy,) = made["Resources"]["TaskRole"]["Properties"]["Policies"]
    document = filled(policy["PolicyDocument"], values)
    assert may(document, "s3:GetObject", "arn:aws:s3:::others/letters/1/saved_model.pb")
    assert may(document, "s3:ListBucket", "arn:aws:s3:::others", s3__prefix="letters/")
    assert not may(document, "s3:GetObject", "arn:aws:s3:::models/digits/1/saved_model.pb")
    container = made["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"][0]
    assert {"Name": "MODEL_URI", "Value": "s3://others/letters/"} in filled(container["Environment"], values)


def test_a_key_with_the_characters_of_patterns_stays_that_key(plan):
    made = template(plan(model_uri="s3://models/a*${b}.tar.gz"))
    assert "ModelKey" not in made["Parameters"]
    (policy,) = made["Resources"]["TaskRole"]["Properties"]["Policies"]
    assert may(filled(policy["PolicyDocument"]), "s3:GetObject", "arn:aws:s3:::models/a*${b}.tar.gz")
    assert not may(filled(policy["PolicyDocument"]), "s3:GetObject", "arn:aws:s3:::models/ab${b}.tar.gz")


def test_the_log_is_the_stacks_own_and_written_by_nobody_else(plan):
    made = template(plan())["Resources"]
    assert made["LogGroup"]["DeletionPolicy"] == "Retain"
    assert "LogGroupName" not in made["LogGroup"]["Properties"]
    (policy,) = made["ExecutionRole"]["Properties"]["Policies"]
    stream = "arn:aws:logs:us-east-1:123456789012:log-group:LogGroup-1:log-stream:neuronserve/neuronserve/1"
    document = filled(policy["PolicyDocument"], {"LogGroup": "LogGroup-1"})
    assert may(document, "logs:PutLogEvents", stream)
    assert not may(document, "logs:PutLogEvents", stream.replace("LogGroup-1", "LogGroup-2"))


def test_a_log_group_that_exists_is_used(plan):
    made = template(plan(log_group="/team/digits"))["Resources"]
    assert "LogGroup" not in made
    options = made["TaskDefinition"]["Properties"]["ContainerDefinitions"][0]["LogConfiguration"]["Options"]
    assert options["awslogs-group"] == "/team/digits"
    assert options["awslogs-region"] == {"Ref": "AWS::Region"}


def test_roles_that_exist_are_used(plan):
    arn = "arn:aws:iam::210987654321:role/digits-execution"
    made = template(plan(task_role="digits-task", execution_role=arn))["Resources"]
    assert not {"TaskRole", "ExecutionRole"} & set(made)
    definition = made["TaskDefinition"]["Properties"]
    assert filled(definition["TaskRoleArn"]) == "arn:aws:iam::123456789012:role/digits-task"
    assert definition["ExecutionRoleArn"] == arn


def test_nothing_has_a_name_of_its_own_that_another_stack_may_have(plan):
    made = template(plan(balancer=True, **SCALE))["Resources"]
    named = {"ClusterName", "RoleName", "ServiceName", "LogGroupName", "GroupName", "LaunchTemplateName"}
    for name, one in made.items():
        assert not named & set(one["Properties"]), name
    assert "Name" not in made["CapacityProvider"]["Properties"]


def test_exec_is_switched_on_with_its_rights(plan):
    made = template(plan(needs=Needs(exec=True)))["Resources"]
    assert made["Service"]["Properties"]["EnableExecuteCommand"] is True
    assert "ssmmessages:OpenDataChannel" in json.dumps(made["TaskRole"])


def test_alarms_speak_to_a_topic_when_there_is_one(plan):
    made = template(plan(balancer=True))
    alarms = {name: one for name, one in made["Resources"].items() if one["Type"] == "AWS::CloudWatch::Alarm"}
    assert set(alarms) == {
        "ServiceMemoryFull", "ServiceCpuFull", "ServiceTasksMissing",
        "UnhealthyTargets", "TargetErrors", "BalancerErrors",
    }  # fmt: skip
    for alarm in alarms.values():
        assert alarm["Properties"]["AlarmActions"]["Fn::If"][0] == "HasAlarmTopic"
    assert made["Resources"]["DeploymentFailed"]["Condition"] == "HasAlarmTopic"


def test_failures_of_all_slots_are_one_short_pattern(plan):
    made = template(plan("inf1.24xlarge", slots=16))["Resources"]["DeploymentFailed"]["Properties"]
    pattern = filled(made["EventPattern"], {"Cluster": "c" * 255, "AlarmTopicArn": "topic"})
    assert pattern["resources"] == [{"prefix": f"arn:aws:ecs:us-east-1:123456789012:service/{'c' * 255}/"}]
    assert len(json.dumps(pattern)) <= 2048


def test_missing_tasks_are_told_only_where_somebody_counts_them(plan):
    assert "ServiceTasksMissing" not in template(plan(insights="disabled"))["Resources"]


def test_no_alarms_when_none_are_wanted(plan):
    made = template(plan(alarms=False))
    assert "AWS::CloudWatch::Alarm" not in json.dumps(made)
    assert "AlarmTopicArn" not in made["Parameters"]


def test_requests_are_counted_by_the_balancer(plan):
    made = plan(balancer=True, scale=(Scale("requests", 500),), max_tasks=2)
    policy = _one(made, "ApplicationAutoScaling::ScalingPolicy")["TargetTrackingScalingPolicyConfiguration"]
    assert policy["TargetValue"] == 500
    assert policy["PredefinedMetricSpecification"]["ResourceLabel"]["Fn::Join"][1] == [
        {"Fn::GetAtt": ["LoadBalancer", "LoadBalancerFullName"]},
        {"Fn::GetAtt": ["TargetGroup", "TargetGroupFullName"]},
    ]


def test_every_parameter_says_what_it_is_for_and_has_its_place_in_a_console(plan):
    made = template(plan("inf1.6xlarge", slots=2, balancer=True, **SCALE))
    assert all(one["Description"] for one in made["Parameters"].values())
    groups = made["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in groups for name in group["Parameters"]] == list(made["Parameters"])


def test_an_image_stays_in_the_repository_whose_pulling_is_allowed(plan):
    pattern = template(plan())["Parameters"]["Image"]["AllowedPattern"]
    repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/neuronserve"
    for good in (":2", "", "@sha256:" + "a" * 64, ":2@sha256:" + "a" * 64):
        assert re.fullmatch(pattern, repository + good)
    for bad in ("2", "/other:1", "@sha256:12"):
        assert not re.fullmatch(pattern, repository + bad)


def test_a_template_says_where_it_is_reached(plan):
    assert template(plan(balancer=True))["Outputs"]["Url"]["Value"] == {
        "Fn::If": [
            "HasCertificate",
            {"Fn::Sub": "https://${LoadBalancer.DNSName}"},
            {"Fn::Sub": "http://${LoadBalancer.DNSName}"},
        ]
    }


def test_sizes_that_cloudformation_takes():
    assert fit(INLINE_LIMIT) == []
    (told,) = fit(INLINE_LIMIT + 1)
    assert "--s3-bucket" in told
    with pytest.raises(InvalidInput, match=r"1,048,577 bytes"):
        fit(LIMIT + 1)
