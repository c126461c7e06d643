"""What new accounts are refused is explained."""

from divescore.stack.deploy import refusals


def test_cloudfront_wants_a_verified_account() -> None:
    reasons = [
        'Site (AWS::CloudFront::Distribution): Resource handler returned message: "Access denied for operation '
        "'AWS::CloudFront::Distribution: Your account must be verified before you can add new CloudFront resources. To "
        "verify your account, please contact AWS Support' (Service: CloudFront, Status Code: 403)",
        "Api (AWS::ApiGatewayV2::Api): Resource creation cancelled",
    ]
    [told] = refusals.explained(reasons)
    assert told.startswith("CloudFront takes nothing new from an account that AWS has not verified")


def test_reserving_needs_something_to_reserve() -> None:
    [told] = refusals.explained(
        [
            "PresignFunction (AWS::Lambda::Function): Specified ReservedConcurrentExecutions for function decreases "
            "account's UnreservedConcurrentExecution below its minimum value of [10]."
        ]
    )
    assert "Reserve nothing" in told


def test_what_is_not_known_is_not_explained() -> None:
    assert refusals.explained(["Api (AWS::ApiGatewayV2::Api): Internal error"]) == []
