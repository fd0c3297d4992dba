// A whole hotline in one small Node.js program, as example.c is in C: pushes one report, asks whether
// the site has it on record, then tells where its case stands, until it has ended.
//
//   npm install zeromq@6 protobufjs@7
//   node example.js ENDPOINT SITE SERVER-KEY KEYFILE TICKET MATTER TEXT
//
// It speaks to one broker, over ZeroMQ with CURVE, in frames: a header of 80 bytes
// (services/kernel/wire/frame.h) and behind it a Batch of envelopes (proto/envelope.proto). Start it twice with
// the same ticket: the second time it says "came before", with the same number.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { createHash, randomBytes } = require("node:crypto");
const { setTimeout: pause } = require("node:timers/promises");
const zmq = require("zeromq");
const protobuf = require("protobufjs");

const READY = 1, WELCOME = 2, HEARTBEAT = 3, COMMANDS = 8, QUERIES = 9, REPLIES = 10, NAK = 11;
const INTAKE = 1, CLIENT = 7;
const REPORT = 1511, OUTCOME_ACK = 1513, PROGRESS_ACK = 1516;
const OUTCOMES = 1611, RECONCILE = 1612, PROGRESS = 1613;
const HEADER_SIZE = 80;
const HEARTBEAT_MS = 200, ANSWER_MS = 10000;

const protos = path.join(__dirname, "../../../proto");
const root = protobuf.loadSync(["envelope.proto", "hotline.proto"].map((f) => path.join(protos, f)));
const type = (name) => root.lookupType(name);
const Batch = type("huying.wire.Batch");

function header({ kind, count = 0, serial = 0n }) {
  const frame = Buffer.alloc(HEADER_SIZE);
  frame.writeUInt16LE(0x5948, 0);
  frame.writeUInt8(2, 2); // version
  frame.writeUInt8(kind, 3);
  frame.writeUInt8(kind === READY || kind === HEARTBEAT ? 0 : INTAKE, 4);
  frame.writeUInt8(CLIENT, 5);
  frame.writeUInt16LE(count, 8);
  frame.writeBigUInt64LE(serial, 32);
  return frame;
}

// One connection. Whatever is not answered in time is sent again by who asked: tickets and request ids
// make every repetition safe.
class Broker {
  constructor(endpoint, serverKey, [publicKey, secretKey]) {
    this.waiting = new Map(); // serial of an envelope -> who waits for its reply
    this.serial = 1n;
    this.session = randomBytes(8).toString("hex");
    this.socket = new zmq.Dealer({
      curveServerKey: serverKey, curvePublicKey: publicKey, curveSecretKey: secretKey, linger: 0,
    });
    this.socket.connect(endpoint);
    this.sending = Promise.resolve(); // a socket takes one message at a time
    this.welcome = new Promise((resolve) => { this.welcomed = resolve; });
    this.known = false;
    this.beat = setInterval(() => this.send(header({ kind: this.known ? HEARTBEAT : READY })), HEARTBEAT_MS);
    this.listening = this.listen();
  }

  send(head, payload = Buffer.alloc(0)) {
    this.sending = this.sending.then(() => this.socket.send(Buffer.concat([head, payload]))).catch(() => {});
    return this.sending;
  }

  async listen() {
    for await (const [frame] of this.socket) {
      const kind = frame.readUInt8(3);
      if (kind === WELCOME) {
        this.known = true;
        this.welcomed();
      } else if (kind === READY) { // it was started anew and does not know us
        this.known = false;
      } else if (kind === NAK) {
        process.stderr.write(`not forwarded, reason ${frame.readUInt32LE(16)}: asking again\n`);
      } else if (kind === REPLIES) {
        for (const reply of Batch.decode(frame.subarray(HEADER_SIZE)).envelopes)
          this.waiting.get(String(reply.id))?.(reply);
      }
    }
  }

  // The reply, or null when there is none in time.
  async ask(kind, number, request, body) {
    await this.welcome;
    const id = this.serial++;
    const payload = type(request).encode(type(request).fromObject(body)).finish();
    const batch = Batch.encode(Batch.fromObject({ envelopes: [{
      id: String(id), type: number, requestId: kind === COMMANDS ? `${this.session}-${id}` : "", payload,
    }] })).finish();
    const reply = new Promise((resolve) => this.waiting.set(String(id), resolve));
    await this.send(header({ kind, count: 1, serial: id }), batch);
    const late = new AbortController();
    const answer = await Promise.race([
      reply, pause(ANSWER_MS, null, { signal: late.signal }).catch(() => null)]);
    late.abort();
    this.waiting.delete(String(id));
    return answer;
  }

  async close() {
    clearInterval(this.beat);
    await this.sending;
    this.socket.close();
    await this.listening.catch(() => {});
  }
}

const list = (reply, name) => reply && reply.verdict < 100
  ? type(name).toObject(type(name).decode(reply.payload), { longs: String, defaults: true }) : null;

// Until there is an answer: the ticket makes every repetition safe.
async function push(broker, report) {
  for (;;) {
    const reply = await broker.ask(COMMANDS, REPORT, "huying.hotline.Report", report);
    if (!reply || reply.verdict === 102) {
      process.stderr.write(`no answer yet, pushing ${report.ticket} again\n`);
      continue;
    }
    const receipt = list(reply, "huying.hotline.Receipt");
    if (!receipt || receipt.result === 3) {
      process.stderr.write(`${report.ticket} refused: ${receipt?.reason ?? ""} ${receipt?.text ?? reply.text}\n`);
      return null;
    }
    console.log(`${receipt.ticket} ${receipt.result === 2 ? "came before" : "accepted"}: case ` +
      `${receipt.number}, at ${receipt.unitCode} (${receipt.level})`);
    return receipt;
  }
}

// Both sides digest the lines "ticket TAB number LF". A real hotline asks about a whole day.
async function compare(broker, receipt) {
  const reply = await broker.ask(QUERIES, RECONCILE, "huying.hotline.ReconcileQuery",
    { first: receipt.ticket, last: receipt.ticket });
  const record = list(reply, "huying.hotline.Reconciliation");
  const own = createHash("sha256").update(`${receipt.ticket}\t${receipt.number}\n`).digest();
  if (record)
    console.log(`${receipt.ticket} compared with the site: ${own.equals(record.digest) ? "the same" : "it differs"}`);
}

// Prints, then acknowledges, where cases stand. A real hotline stores it in between.
async function progress(broker) {
  const reply = await broker.ask(QUERIES, PROGRESS, "huying.hotline.ProgressQuery", { limit: 500 });
  for (const item of list(reply, "huying.hotline.Progress")?.items ?? []) {
    for (const stage of item.stages)
      console.log(`${item.ticket} case ${item.number}: ${stage.stage}. ${stage.text}`);
    await broker.ask(COMMANDS, PROGRESS_ACK, "huying.hotline.ProgressAck",
      { caseId: item.caseId, version: item.stages.at(-1).version });
  }
}

// The same of what has ended; true when the ticket is among it.
async function outcomes(broker, ticket) {
  const reply = await broker.ask(QUERIES, OUTCOMES, "huying.hotline.OutcomesQuery", { limit: 500 });
  const items = list(reply, "huying.hotline.Outcomes")?.items ?? [];
  for (const item of items) {
    console.log(`${item.ticket} case ${item.number}: ${item.outcome}. ${item.text}`);
    await broker.ask(COMMANDS, OUTCOME_ACK, "huying.hotline.OutcomeAck",
      { caseId: item.caseId, round: item.round });
  }
  return items.some((item) => item.ticket === ticket || item.also.includes(ticket));
}

async function main([endpoint, site, serverKey, keyFile, ticket, matter, text]) {
  if (text === undefined) {
    process.stderr.write("usage: node example.js ENDPOINT SITE SERVER-KEY KEYFILE TICKET MATTER TEXT\n");
    return 2;
  }
  const keys = fs.readFileSync(keyFile, "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
  const broker = new Broker(endpoint, serverKey, keys);
  // No reportedAtMs: now. So the body is the same every time, as the ticket wants it.
  const receipt = await push(broker, { ticket, matter, text, wantsProgress: true });
  if (receipt) {
    await compare(broker, receipt);
    for (;;) {
      await progress(broker);
      if (await outcomes(broker, ticket))
        break;
      await pause(2000);
    }
  }
  await broker.close();
  return receipt ? 0 : 1;
}

main(process.argv.slice(2)).then((status) => { process.exitCode = status; });
