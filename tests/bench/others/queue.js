/* R6: graphile-worker and pg-boss with R1's step as the effect of each job, in one database with
 * R1's tables. This process enqueues, 256 jobs a call, while two others work, each with two
 * connections for the effect (R1 has four). A step is R1's statements; node's client has no
 * pipelining, so that a batch takes five round trips and not two. The rate is of committed
 * effects whose job was completed, between two instants, both while jobs are enqueued; afterwards
 * the rows are counted against the steps.
 *
 *   node queue.js MODE SECONDS SOCKET-DIRECTORY USER DATABASE NODE_MODULES
 *
 * MODE: graphile (as it comes, four jobs at once), graphile_tuned (local queue, completions in
 * batches, many jobs at once whose effects share a transaction), pgboss (fetched, done and
 * completed by 256). */
'use strict';
const { fork } = require('child_process');
const path = require('path');

const CASES = 200000;
const STRIDE = 76543; /* coprime to CASES: id after id, far apart */
const BATCH = 256;
const WORKERS = 2;
const CONNECTIONS = 2;
const BACKLOG = 20000; /* enqueued and not done: beyond it nothing is enqueued */
const WARM_MS = 1000;
const QUEUE = 'huying-bench';
const STATES = 12;
const PAYLOAD = 'x'.repeat(180);

const [mode, seconds, host, user, database, modules] = process.argv.slice(2);
const need = (name) => require(path.join(modules, name));
const { Pool } = need('pg');
const server = { host, user, database };
function poolMake(max) {
    const pool = new Pool({ ...server, max });
    pool.on('error', fail);
    pool.on('connect', (client) => client.on('error', fail));
    return pool;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const LOCK = 'SELECT id, state, ver, body FROM bench_reference.cases WHERE id = ANY($1::bigint[])' +
    ' ORDER BY id FOR UPDATE';
const UPDATE = 'UPDATE bench_reference.cases AS c SET state = n.state, ver = n.ver,' +
    ' updated = now(), body = n.body' +
    ' FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bytea[]) AS n (id, state, ver, body)' +
    ' WHERE c.id = n.id';
const INSERT = 'INSERT INTO bench_reference.events (case_id, ver, kind, at, payload)' +
    ' SELECT * FROM unnest($1::bigint[], $2::int[], $3::int[], $4::timestamptz[], $5::bytea[])';

function stepRows(rows) {
    const cases = [[], [], [], []];
    const events = [[], [], [], [], []];
    const at = new Date().toISOString();
    for (const row of rows) {
        const ver = row.ver + 1;
        row.body[ver % row.body.length] += 1;
        [row.id, (row.state + 1) % STATES, ver, row.body].forEach((v, i) => cases[i].push(v));
        for (let kind = 0; kind < 2; kind++) {
            const payload = Buffer.alloc(200, 97 + (ver % 16) + kind);
            [row.id, ver, kind, at, payload].forEach((v, i) => events[i].push(v));
        }
    }
    return [cases, events];
}

/* One step of each of these cases in one transaction. */
async function step(pool, ids) {
    const client = await pool.connect();
    await client.query('BEGIN');
    const { rows } = await client.query({ name: 'lock', text: LOCK, values: [ids] });
    if (rows.length !== ids.length)
        throw new Error(`${rows.length} rows locked, expected ${ids.length}`);
    const [cases, events] = stepRows(rows);
    await client.query({ name: 'update', text: UPDATE, values: cases });
    await client.query({ name: 'insert', text: INSERT, values: events });
    await client.query('COMMIT');
    client.release();
}

/* Gathers the steps of jobs that run at the same time: each connection takes up to a batch. */
function collector(pool) {
    const waiting = [];
    let busy = 0;
    async function run() {
        busy++;
        while (waiting.length > 0) {
            const batch = waiting.splice(0, BATCH);
            await step(pool, batch.map((job) => job.id));
            batch.forEach((job) => job.done());
        }
        busy--;
    }
    const start = () => { if (busy < CONNECTIONS && waiting.length > 0) run().catch(fail); };
    return (id) => new Promise((done) => {
        waiting.push({ id, done });
        setImmediate(start);
    });
}

function fail(error) {
    console.error(`queue.js, ${mode}: ${error.stack}`);
    process.exit(1);
}

const quiet = () => new (need('graphile-worker').Logger)(() => () => {});

async function graphileWorker(count) {
    const { run } = need('graphile-worker');
    const tuned = mode === 'graphile_tuned';
    const effects = poolMake(CONNECTIONS);
    const together = collector(effects);
    const settings = tuned
        ? { concurrentJobs: 2 * CONNECTIONS * BATCH, localQueue: { size: 4 * CONNECTIONS * BATCH },
            completeJobBatchDelay: 0, failJobBatchDelay: 0 }
        : { concurrentJobs: CONNECTIONS };
    const runner = await run({
        pgPool: poolMake(10), logger: quiet(), noHandleSignals: true,
        preset: { worker: settings },
        taskList: {
            [QUEUE]: async ({ id }) => {
                await (tuned ? together(id) : step(effects, [id]));
                count(1);
            },
        },
    });
    return () => runner.stop();
}

async function bossStart() {
    const boss = new (need('pg-boss'))({ ...server, supervise: false, schedule: false });
    boss.on('error', fail);
    await boss.start();
    return boss;
}

async function bossWorker(count) {
    const boss = await bossStart();
    const effects = poolMake(CONNECTIONS);
    let stop = false;
    async function loop() {
        while (!stop) {
            const jobs = await boss.fetch(QUEUE, { batchSize: BATCH });
            if (jobs.length === 0) {
                await pause(5);
                continue;
            }
            await step(effects, jobs.map((job) => job.data.id));
            await boss.complete(QUEUE, jobs.map((job) => job.id));
            count(jobs.length);
        }
    }
    const loops = Array.from({ length: CONNECTIONS }, loop);
    Promise.all(loops).catch(fail);
    return async () => { stop = true; await Promise.all(loops); };
}

/* A worker: says every 20 ms how many steps it has made, ends when it is told to. */
async function workerMain() {
    let done = 0;
    const tell = () => process.send({ done, cpu: process.cpuUsage() });
    const end = await (mode === 'pgboss' ? bossWorker : graphileWorker)((n) => { done += n; });
    const timer = setInterval(tell, 20);
    process.send({ ready: true });
    process.on('message', async () => {
        await end();
        clearInterval(timer);
        process.send({ done, cpu: process.cpuUsage(), ended: true }, () => process.exit(0));
    });
}

async function graphileEnqueuer() {
    const utils = await need('graphile-worker').makeWorkerUtils(
        { pgPool: poolMake(4), logger: quiet() });
    await utils.migrate();
    return (ids) => utils.addJobs(
        ids.map((id) => ({ identifier: QUEUE, payload: { id, text: PAYLOAD } })));
}

async function bossEnqueuer() {
    const boss = await bossStart();
    await boss.createQueue(QUEUE);
    return (ids) => boss.insert(ids.map((id) => ({ name: QUEUE, data: { id, text: PAYLOAD } })));
}

/* The workers, with what they last said. */
async function workersStart() {
    const workers = Array.from({ length: WORKERS }, () => (
        { child: fork(__filename, process.argv.slice(2)), done: 0, cpu: { user: 0, system: 0 } }));
    await Promise.all(workers.map((worker) => new Promise((ready) => {
        worker.ended = new Promise((ended) => {
            worker.child.on('message', (said) => {
                Object.assign(worker, { done: said.done ?? worker.done, cpu: said.cpu ?? worker.cpu });
                if (said.ready) ready();
                if (said.ended) ended();
            });
        });
        worker.child.on('exit', (code) => { if (code !== 0) process.exit(1); });
    })));
    return workers;
}

const total = (workers) => workers.reduce((sum, worker) => sum + worker.done, 0);
const cores = (workers) => workers.reduce((sum, { cpu }) => sum + cpu.user + cpu.system, 0) / 1e6;

/* What autovacuum does within a minute, which is longer than a measurement: plans made for empty
 * tables would be all that is seen. */
async function warm() {
    const pool = poolMake(1);
    await pause(WARM_MS);
    await pool.query('VACUUM ANALYZE');
    await pool.end();
    await pause(WARM_MS);
}

async function check(steps) {
    const pool = poolMake(1);
    const { rows: [row] } = await pool.query('SELECT (SELECT sum(ver) FROM bench_reference.cases)' +
        ' AS versions, (SELECT count(*) FROM bench_reference.events) AS events');
    if (Number(row.versions) !== steps || Number(row.events) !== 2 * steps)
        throw new Error(`${steps} steps made, but the tables have ${row.versions} versions and ` +
            `${row.events} events`);
    await pool.query('DROP TABLE bench_reference.events, bench_reference.cases');
    await pool.query('DROP SCHEMA IF EXISTS graphile_worker CASCADE');
    await pool.query('DROP SCHEMA IF EXISTS pgboss CASCADE');
}

async function main() {
    const enqueue = await (mode === 'pgboss' ? bossEnqueuer : graphileEnqueuer)();
    const workers = await workersStart();
    let sent = 0;
    let stop = false;
    async function produce() {
        while (!stop) {
            if (sent - total(workers) >= BACKLOG) {
                await pause(5);
                continue;
            }
            const ids = Array.from({ length: BATCH }, (_, i) => ((sent + i) * STRIDE) % CASES + 1);
            sent += BATCH;
            await enqueue(ids);
        }
    }
    const producers = [produce(), produce()];
    Promise.all(producers).catch(fail);
    await warm();
    const [began, before, cpu] = [performance.now(), total(workers), cores(workers)];
    await pause(seconds * 1000);
    const took = (performance.now() - began) / 1000;
    const rate = (total(workers) - before) / took;
    const busy = (cores(workers) - cpu) / took;
    const waiting = sent - total(workers);
    stop = true;
    await Promise.all(producers);
    workers.forEach((worker) => worker.child.send('end'));
    await Promise.all(workers.map((worker) => worker.ended));
    await check(total(workers));
    console.log(JSON.stringify({ reference: `R6_${mode}`, figures: {
        steps_per_s: Math.round(rate), waiting, worker_cores: Number(busy.toFixed(2)) } }));
    process.exit(0);
}

(process.send ? workerMain : main)().catch(fail);
