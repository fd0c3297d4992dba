// npm's open311 as its own README uses it: from discovery to the request that was sent; in JSON, or
// in XML by the Spark convention, which makes a number of every text that looks like one.
const assert = require("node:assert/strict");
const Open311 = require("open311");
const [url, key, format] = process.argv.slice(2);
const code = "4ffa4c69601827691b000018";
const client = new Open311({ discovery: url + "/open311/discovery." + format, apiKey: key });

const ask = (method, ...given) =>
  new Promise((done, fail) =>
    client[method](...given, (err, data) => (err ? fail(new Error(data)) : done(data))));

const form = (days) => ({
  service_code: code,
  lat: 22.9412,
  long: 113.3521,
  description: "Without wheels, call me at 13812345678",
  email: "a@example.org",
  attributes: { FQSKA3: "CRM", FQSKA4: "123456", FQSKA11: "4D", ...days },
});

// mySociety's updates, which this client does not know: an urge, then the report is taken back.
async function update(id, fields) {
  const answer = await fetch(url + "/open311/v2/servicerequestupdates.json", {
    method: "POST",
    body: new URLSearchParams({ service_request_id: id, api_key: key, ...fields }),
  });
  return [answer.status, await answer.json()];
}

async function ended(id) {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(url + "/open311/v2/servicerequestupdates.json");
    const found = (await answer.json()).find(
      (item) => item.service_request_id === id && item.status === "closed", // not where it stood before
    );
    if (found) return found;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("no update of " + id);
}

// Where it stands is an update, too: whom it was passed to, in a sentence.
async function stage(id, since) {
  const day = (days) => new Date(since.getTime() + days * 864e5).toISOString().slice(0, 10);
  const span = `start_date=${day(-1)}&end_date=${day(60)}`;
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(url + "/open311/v2/servicerequestupdates.json?" + span);
    const found = (await answer.json()).find((item) => item.update_id === id + "-p1");
    if (found) return assert.deepEqual([found.status, found.description.length > 8], ["open", true]);
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("nobody says where " + id + " stands");
}

async function updates(id) {
  const when = { status: "OPEN", description: "When?", update_id: "7-" + format };
  const urged = await update(id, when);
  assert.deepEqual(urged, [200, [{ update_id: "update-7-" + format }]]);
  assert.deepEqual(await update(id, when), urged);
  assert.equal((await update("PY-nothing", { status: "OPEN" }))[0], 404);
  const closed = await update(id, { status: "CLOSED", description: "It is gone." });
  assert.equal(closed[0], 200, JSON.stringify(closed));
  const end = await ended(id);
  assert.equal(end.status, "closed");
  assert.equal(end.update_id, id + "-1");
}

async function main() {
  await ask("serviceDiscovery", { cache: true });
  assert.equal(client.endpoint, url + "/open311/v2/");
  client.format = format; // it takes JSON wherever discovery names it
  const before = ((await ask("serviceRequests", { status: "closed" })) ?? []).length;
  const services = await ask("serviceList");
  assert.equal(services.length, 14);
  assert.equal(services[0].service_name, "Abandoned Vehicle");
  assert.equal(services[0].type, "batch");
  const definition = await ask("serviceDefinition", code);
  const required = definition.attributes.filter((attribute) => attribute.required);
  assert.deepEqual(required.map((attribute) => attribute.code), ["HOWMANYD"]);

  const posted = await ask("submitRequest", form({ HOWMANYD: 12 }));
  const token = posted[0].token;
  assert.ok(Number.isNaN(Number(token)), "a number of 18 digits would lose some in JavaScript");
  const [{ service_request_id: id }] = await ask("token", token);
  const [request] = await ask("serviceRequests", id);
  assert.equal(request.service_request_id, id);
  assert.equal(request.service_code, code);
  assert.equal(request.status, "open");
  assert.ok(request.requested_datetime instanceof Date);
  assert.match(request.description, /138\*{4}5678\n/);
  assert.match(request.description, /How many days has the vehicle been there\?: 12$/);
  assert.equal((await ask("serviceRequests", [id, "PY-nothing"], {})).length, 1);
  const open = await ask("serviceRequests", { status: "open", service_code: code });
  assert.ok(open.some((item) => item.service_request_id === id));

  await assert.rejects(ask("submitRequest", form({})), /400; [^]*code\W+400[^]*HOWMANYD required/);
  client.apiKey = "another";
  await assert.rejects(ask("submitRequest", form({ HOWMANYD: 12 })), /403; [^]*api_key/);
  await stage(id, request.requested_datetime);
  await updates(id);
  assert.equal((await ask("serviceRequests", { status: "closed" })).length, before + 1);
  const kind = format.toUpperCase();
  console.log(`npm open311 in ${kind}: 14 services, a request, its token, 2 refusals, 2 updates, a stage`);
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
