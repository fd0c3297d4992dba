"""Python's client three, as its own README uses it.

    PYTHONPATH=CHECKOUT python3 open311_three.py URL KEY
"""
import base64
import io
import sys
import types
from xml.etree import ElementTree

try:
    import relaxml  # noqa: F401
except ImportError:
    # No registry has it any more. What it did: elements become members, repeated ones a list.
    def members(element):
        found = {}
        for child in element:
            found.setdefault(child.tag, []).append(members(child))
        single = {name: some[0] if len(some) == 1 else some for name, some in found.items()}
        return single or element.text

    def xml(text):
        root = ElementTree.fromstring(text)
        return {root.tag: members(root)}

    sys.modules["relaxml"] = types.ModuleType("relaxml")
    sys.modules["relaxml"].xml = xml
from three import Three

URL, KEY = sys.argv[1:]
CODE = "4ffa4c69601827691b000018"
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAaklEQVR42hWMQREAQQzCqqRKUBIl"
    "VYISlKDo9niSTGaGHTQw3OAhQ4eZZRctLLd4ydJ9QKyQQJywiKge+NV3/jswBPrCc+yh++87fOTo"
    "PWDWyL98xiamfiBsUP7EBYeE5oGyRf3DV1xSWj4Df0sBGwJqRQAAAABJRU5ErkJggg=="
)


def use(kind, pick):
    client = Three(
        URL + "/open311/v2/",
        api_key=KEY,
        format=kind,
        jurisdiction="cityofchicago.org",
        discovery=URL + "/open311/discovery." + kind,
    )
    assert client.discovery(), "discovery"
    services = pick(client.services(), "service")
    assert len(services) == 14, services
    definition = client.services(CODE)
    questions = pick(definition["attributes"], "attribute")
    assert any(item["code"] == "HOWMANYD" for item in questions), definition
    given = {"attribute[HOWMANYD]": 4, "attribute[FQSKA3]": "CRM"}
    where = {"lat": 22.98, "long": 113.37, "description": "by Python, " + kind}
    posted = client.post(CODE, name="Ann Example", phone="13812345678", **where, **given)
    token = pick(posted, "request")[0]["token"]
    number = pick(client.token(token), "request")[0]["service_request_id"]
    request = pick(client.request(number), "request")[0]
    assert request["service_code"] == CODE, request
    files = {"media": ("look.png", io.BytesIO(PICTURE), "image/png")}
    shown = client.post(CODE, media=files["media"], **where, **given)
    assert pick(shown, "request")[0]["token"], shown
    listed = pick(client.requests(CODE, status="open", count=500), "request")
    assert any(item["service_request_id"] == number for item in listed)
    refused = pick(client.post(CODE, **where), "error")
    assert "HOWMANYD required" in refused[0]["description"], refused
    assert int(refused[0]["code"]) == 400


def as_list(found, name):
    inner = found[name]
    return inner if isinstance(inner, list) else [inner]


use("json", lambda found, name: found)
use("xml", as_list)
print("Python's three: XML and JSON, 14 services, 2 requests each, a photo, a refusal")
