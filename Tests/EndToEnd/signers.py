"""Signs a request once more with the vendors' own libraries, over the headers that its sender says it has signed."""

import datetime
import hashlib
import types
import urllib.parse

from alibabacloud_openapi_util.client import Client
from huaweicloudsdkcore.signer.signer import Signer

SKEW = 15 * 60


def parts(target):
    path, _, query = target.partition("?")
    return path, urllib.parse.parse_qsl(query, keep_blank_values=True)


def covered(headers):
    """The names in `SignedHeaders`, as they stand."""
    return headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")


def huawei(method, target, headers, body, id, secret):
    """What the SDK would send as Authorization; `headers` by lower-case names."""
    path, query = parts(target)
    # The scheme and the rest of the SDK's request play no part in a signature.
    request = types.SimpleNamespace(
        method=method, host=headers["host"], resource_path=path, query_params=query, uri=None,
        header_params={name: headers[name] for name in covered(headers)}, body=body)
    Signer(types.SimpleNamespace(ak=id, sk=secret)).sign(request)
    return request.header_params["Authorization"]


def alibaba(method, target, headers, body, id, secret):
    """What the SDK would send as Authorization; `headers` by lower-case names."""
    path, query = parts(target)
    request = types.SimpleNamespace(
        method=method, pathname=path, query=dict(query),
        headers={name: headers[name] for name in covered(headers)})
    assert len(request.query) == len(query), "a query name is repeated"
    payload = hashlib.sha256(body.encode()).hexdigest()
    return Client.get_authorization(request, "ACS3-HMAC-SHA256", payload, id, secret)


class Clock:
    """A server's clock, `ahead` of this machine's by so many seconds, and the date it puts on answers."""

    def __init__(self, ahead=0):
        self.ahead = datetime.timedelta(seconds=ahead)

    @property
    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + self.ahead

    def stamp(self, request):
        text = self.now.strftime("%a, %d %b %Y %H:%M:%S GMT")
        request.date_time_string = lambda *_: text

    def far_from(self, text, form):
        moment = datetime.datetime.strptime(text, form).replace(tzinfo=datetime.timezone.utc)
        return abs((self.now - moment).total_seconds()) > SKEW


class AlibabaGateway:
    """What Alibaba Cloud's gateway does before a product sees a request.

    https://help.aliyun.com/document_detail/2593177.html
    """

    def __init__(self, version, id="LTAItestid", secret="secret+/=", session=None, clock=None):
        self.version, self.id, self.secret, self.session = version, id, secret, session
        self.clock = clock or Clock()
        self.nonces, self.actions = set(), []

    def error(self, status, code, message):
        return status, {}, {
            "RequestId": "01A0F19D-9870-5E78-BF8D-F5CE8D550A2B", "Message": message, "Code": code,
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={code}",
            "HostId": "product.cn-hangzhou.aliyuncs.com"}

    def refusal(self, request):
        """An error, or None where the product may answer."""
        self.clock.stamp(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        claimed = headers.get("authorization", "")
        if not claimed.startswith("ACS3-HMAC-SHA256 Credential="):
            return self.error(400, "MissingAuthorization", "Authorization is mandatory for this action.")
        if claimed.split("Credential=")[1].split(",")[0] != self.id:
            return self.error(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        if headers.get("x-acs-version") != self.version:
            return self.error(400, "InvalidVersion", "Specified parameter Version is not valid.")
        if self.clock.far_from(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ"):
            return self.error(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        if headers["x-acs-signature-nonce"] in self.nonces:
            return self.error(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self.nonces.add(headers["x-acs-signature-nonce"])
        owed = {name for name in headers if name.startswith("x-acs-") or name in ("host", "content-type")}
        if owed - set(covered(headers)):
            return self.error(400, "IncompleteSignature", f"not signed: {owed - set(covered(headers))}")
        if self.session != headers.get("x-acs-security-token"):
            return self.error(400, "InvalidSecurityToken.Mismatch", "The security token does not match.")
        if self.session and headers.get("x-acs-accesskey-id") != self.id:
            return self.error(400, "MissingAccessKeyId", "x-acs-accesskey-id is mandatory.")
        if headers["x-acs-content-sha256"] != hashlib.sha256(request.text.encode()).hexdigest():
            return self.error(400, "InvalidContentSha256", "The body is another one.")
        expected = alibaba(
            request.command, request.path, headers, request.text, self.id, self.secret)
        if claimed != expected:
            return self.error(
                400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
        if request.text and headers.get("content-type") != "application/x-www-form-urlencoded":
            return self.error(415, "UnsupportedContentType", "The body is no form.")
        self.actions.append(headers.get("x-acs-action"))
        return None

    def env(self):
        env = {"ALIBABA_CLOUD_ACCESS_KEY_ID": self.id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": self.secret}
        return env | ({"ALIBABA_CLOUD_SECURITY_TOKEN": self.session} if self.session else {})


class HuaweiGateway:
    """What Huawei Cloud's API gateway does before a service sees a request.

    https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm.html
    """

    def __init__(self, id="AKPTESTID", secret="sk+/=secret", session=None, token=None, project=None, clock=None):
        self.id, self.secret, self.session, self.token = id, secret, session, token
        self.project, self.clock = project, clock or Clock()
        self.authorizations = set()

    def error(self, status, code, message):
        return status, {"x-request-id": "9c4d"}, {
            "error_code": code, "error_msg": message, "request_id": "9c4d0d4d8d4f4f6b"}

    def refusal(self, request):
        """An error, or None where the service may answer."""
        self.clock.stamp(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not headers.get("content-type", "").startswith("application/json"):
            return self.error(400, "APIGW.0106", "Content-Type is not application/json")
        if self.token:
            if headers.get("x-auth-token") == self.token and "authorization" not in headers:
                return None
            return self.error(
                401, "APIGW.0301", "Incorrect IAM authentication information: decrypt token fail")
        claimed = headers.get("authorization", "")
        if not claimed.startswith("SDK-HMAC-SHA256 Access="):
            return self.error(401, "APIGW.0301", "Incorrect IAM authentication information: no signature")
        if claimed.split("Access=")[1].split(",")[0] != self.id:
            return self.error(401, "APIGW.0301", "Incorrect IAM authentication information: AK access failed")
        if self.clock.far_from(headers["x-sdk-date"], "%Y%m%dT%H%M%SZ"):
            return self.error(401, "APIGW.0303", "Incorrect app authentication information: request expired")
        owed = {"host", "x-sdk-date"} | ({"x-security-token", "x-project-id"} & set(headers))
        if owed - set(covered(headers)):
            return self.error(401, "APIGW.0301", f"not signed: {owed - set(covered(headers))}")
        if headers.get("x-security-token") != self.session or headers.get("x-project-id") != self.project:
            return self.error(401, "APIGW.0301", "Incorrect IAM authentication information: wrong token")
        if claimed != huawei(
                request.command, request.path, headers, request.text, self.id, self.secret):
            # The gateway repeats what it has calculated with.
            return self.error(
                401, "APIGW.0301", "Incorrect IAM authentication information: verify aksk signature fail, "
                f"canonical_request:{request.command}|{request.path}||x-security-token:{self.session}")
        self.authorizations.add(claimed)
        return None

    def env(self):
        if self.token:
            return {"HUAWEICLOUD_AUTH_TOKEN": self.token}
        env = {"HUAWEICLOUD_SDK_AK": self.id, "HUAWEICLOUD_SDK_SK": self.secret}
        if self.session:
            env["HUAWEICLOUD_SDK_SECURITY_TOKEN"] = self.session
        if self.project:
            env["HUAWEICLOUD_SDK_PROJECT_ID"] = self.project
        return env
