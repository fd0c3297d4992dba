"""Discovery and services as SeeClickFix's validator wants them, read by Python's own XML reader."""
import datetime
import json
import sys
import urllib.request
from xml.etree import ElementTree

URL = sys.argv[1]


def fetch(path):
    with urllib.request.urlopen(URL + path) as answer:
        return answer.headers["Content-Type"], answer.read()


def past(text):
    then = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return then < datetime.datetime.now(datetime.timezone.utc)


media, body = fetch("/open311/discovery.xml")
assert media == "text/xml", media
discovery = ElementTree.fromstring(body)
assert discovery.tag == "discovery" and discovery.findtext("contact")
assert discovery.findtext("key_service") and past(discovery.findtext("changeset"))
endpoints = discovery.findall("endpoints/endpoint")
assert len(endpoints) > 1, "one endpoint is no list to many readers of XML"
for endpoint in endpoints:
    assert endpoint.findtext("specification").endswith("_v2") and endpoint.findtext("type")
    assert past(endpoint.findtext("changeset"))
    formats = [item.text for item in endpoint.findall("formats/format")]
    assert formats == ["text/xml", "application/json"], formats

media, body = fetch("/open311/discovery.json")
assert media == "application/json", media
assert json.loads(body)["contact"] == discovery.findtext("contact")

for endpoint in endpoints:
    base = endpoint.findtext("url").removeprefix(URL)
    media, body = fetch(base + "/services.xml")
    assert media == "text/xml; charset=utf-8", media
    services = ElementTree.fromstring(body).findall("service")
    assert len(services) == 14 and all(item.findtext("service_code") for item in services)
    for service in services:
        if service.findtext("metadata") != "true":
            continue
        media, body = fetch(f"{base}/services/{service.findtext('service_code')}.xml")
        definition = ElementTree.fromstring(body)
        assert definition.tag == "service_definition"
        assert definition.findtext("attributes/attribute/code")
print("Python's XML reader: discovery, 2 endpoints, 14 services each")
