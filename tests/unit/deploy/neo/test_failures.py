"""What FailureReasons mean."""

from __future__ import annotations

import pytest

from neuronserve.deploy.neo import failures

# as AWS's documentation and people's reports have them
REASONS = (
    (
        (
            "ClientError: InputConfiguration: TVM cannot convert Tensorflow model. Please make sure the "
            "framework you selected is correct. The following operators are not implemented: "
            "{'NonMaxSuppressionV5'}"
        ),
        "lacks those operators",
    ),
    (
        "ClientError: OperatorNotImplemented:('Operator *Model* is not supported for frontend *Keras*.",
        "lacks those operators",
    ),
    (
        "ClientError: OperatorAttributeNotImplemented: ('Attribute dynamic in Resize')",
        "simpler form",
    ),
    (
        "InputConfiguration: Exactly one .pb or .pbtxt file is allowed for TensorFlow models.",
        "several model files",
    ),
    (
        "InputConfiguration: No h5 file provided in /tmp/models",
        "check --framework",
    ),
    (
        (
            "ClientError: InputConfiguration: No valid TensorFlow model found in input files. Please make"
            " sure the framework you select is correct."
        ),
        "check --framework",
    ),
    (
        "ClientError: InputConfiguration: Unable to load provided Keras model. Error: 'sample_weight_mode'",
        "another version",
    ),
    (
        (
            "ClientError: InputConfiguration: Input input has wrong shape in Input Shape dictionary. "
            "Input shapes should be provided in NCHW format."
        ),
        "channels first",
    ),
    (
        (
            "ClientError: InputConfiguration: Framework cannot load Tensorflow model: as_list() is not "
            "defined on an unknown TensorShape."
        ),
        "every size has to be a number",
    ),
    (
        (
            "ClientError: InputConfiguration: Framework cannot load TFLite model. Unable to infer tensor "
            "data type for all inputs/outputs: Please specify all input layers in data_shape."
        ),
        "names or shapes of the inputs",
    ),
    (
        "ClientError: InputConfiguration: Incompatible Tensorflow model",
        "another version",
    ),
    (
        "InputConfiguration: We are unable to extract DataInputConfig from the model due to x.",
        "give --shape",
    ),
    (
        "ClientError: InputConfiguration: S3 object does not exist. Bucket: b, Key: k",
        "nothing is there",
    ),
    (
        (
            "ClientError: InputConfiguration: Bucket b is in region eu-west-1 which is different from AWS"
            " Sagemaker service region us-east-1"
        ),
        "in the region of the job",
    ),
    (
        (
            "ClientError: InputConfiguration: Unable to untar input model. Please confirm the model is a "
            "tar.gz file"
        ),
        "no tar.gz",
    ),
    (
        "Access Denied when calling sts:AssumeRole",
        "trust policy",
    ),
    (
        "ClientError: An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
        "s3:GetObject",
    ),
    (
        "KMS key: User is not authorized to perform kms:GenerateDataKey",
        "kms:Decrypt",
    ),
    (
        "ServerError: There was an internal server error during the compilation job",
        "run it again",
    ),
    (
        "Error while reading resource variable from VarHandleOp",
        "freeze it",
    ),
)


@pytest.mark.parametrize(("reason", "said"), REASONS)
def test_each_known_reason_has_its_remedy(reason, said):
    assert said in failures.meaning(reason)


def test_a_reason_that_nobody_has_met_points_to_the_log():
    job = {"CompilationJobStatus": "FAILED", "CompilationJobName": "neo", "FailureReason": "42"}
    assert failures.meaning("42") == ""
    assert failures.explained(job) == "see the log group /aws/sagemaker/CompilationJobs, streams neo/..."


def test_the_remedies_are_whole_sentences_of_one_line():
    for _, said in failures._meanings():
        assert "\n" not in said
        assert "  " not in said
