// A served cluster for one test: see squall_server.py, which this does in JavaScript.
'use strict';
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { after } = require('node:test');

const program = process.env.SQUALL || 'squall';

class Squall {
  static async start(...options) {
    const squall = new Squall();
    squall.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'squall-'));
    squall.recording = path.join(squall.folder, 'run.squall');
    squall.process = spawn(program, ['serve', '--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--seed', '1',
      '--quiet', '--record', squall.recording, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    squall.gone = new Promise(resolve => squall.process.once('exit', resolve));
    const lines = readline.createInterface({ input: squall.process.stdout })[Symbol.asyncIterator]();
    const next = async prefix => {
      const { value } = await lines.next();
      assert.ok(value && value.startsWith(prefix), `expected '${prefix}...', not '${value}'`);
      return value.slice(prefix.length);
    };
    squall.bootstrap = (await next('bootstrap: ')).split(',');
    squall.control = await next('control: ');
    return squall;
  }

  async ask(what, method = 'GET', body) {
    const answer = await fetch(this.control + what, { method, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${what}: ${answer.status} ${text}`);
    return what === '/metrics' ? text : JSON.parse(text);
  }

  // Once somebody has the role that the target names.
  async strike(kind, target, options = {}) {
    for (const deadline = Date.now() + 15000; ; await sleep(100)) {
      try {
        return (await this.ask('/faults', 'POST', { kind, target, ...options })).machines;
      } catch (error) {
        if (!/nobody is/.test(error.message) || Date.now() > deadline) throw error;
      }
    }
  }

  // Whoever leads the partition of __transaction_state that the id's hash (Java's) falls into.
  async transactionCoordinator(transactionalId) {
    let code = 0;
    for (let i = 0; i < transactionalId.length; ++i) code = (Math.imul(31, code) + transactionalId.charCodeAt(i)) | 0;
    const { topics } = await this.ask('/topics');
    return `leader(__transaction_state-${(code & 0x7fffffff) % topics.__transaction_state.length})`;
  }

  async lag(group) {
    const { groups } = await this.ask('/groups');
    return groups.filter(g => g.group === group).reduce((sum, g) => sum + g.lag, 0);
  }

  // The verdict must be pass, and the recording give it again without any client.
  async end() {
    try {
      const verdict = await this.ask('/end', 'POST', {});
      await this.gone;
      const objections = verdict.checkers.filter(checker => checker.verdict !== 'pass');
      assert.strictEqual(verdict.verdict, 'pass', JSON.stringify([verdict.why, objections, verdict.faults]));
      for (const replaying of [program, process.env.SQUALL_ALSO].filter(Boolean)) {
        const again = execFileSync(replaying, ['replay', this.recording, '--quiet'], { encoding: 'utf8' });
        assert.match(again, new RegExp(`verdict: pass .*hash=${verdict.hash}`), replaying);
      }
      return verdict;
    } finally {
      this.kill();
    }
  }

  kill() {
    this.process.kill('SIGKILL');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

async function until(what, condition, patience = 40000) {
  for (const deadline = Date.now() + patience; !(await condition()); await sleep(50)) {
    assert.ok(Date.now() < deadline, `waited ${patience} ms in vain: ${what}`);
  }
}

// Runs a test against a server of its own.
async function withSquall(body, ...options) {
  const squall = await Squall.start(...options);
  try {
    await body(squall);
    await squall.end();
  } catch (error) {
    process.exitCode = 1;
    throw error;
  } finally {
    squall.kill();
  }
}

// Where CI runs, which installs all, a missing one fails its tests.
const hasKcat = Boolean(process.env.CI) || spawnSync('kcat', ['-V']).status === 0;

// What kcat prints; `text` is what it reads.
async function kcat(squall, options, text = '') {
  const child = spawn('kcat', ['-b', squall.bootstrap.join(','), '-X', 'log_level=3', ...options]);
  let printed = '', complaints = '';
  child.stdout.on('data', data => { printed += data; });
  child.stderr.on('data', data => { complaints += data; });
  child.stdin.end(text);
  const status = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  assert.strictEqual(status, 0, `kcat ${options.join(' ')}: ${complaints}`);
  return printed;
}

// Clients that were not closed, in a test that failed, do not keep the process.
after(() => setTimeout(() => process.exit(), 200));

// The end with a word, and the status that ctest takes for "skipped"; a failure where CI runs, which installs all.
function lack(module) {
  console.log(`${process.env.CI ? 'failed' : 'skipped'}: ${module} is not installed (npm install ${module}, and NODE_PATH)`);
  process.exit(process.env.CI ? 1 : 77);
}

function need(module) {
  try {
    return require(module);
  } catch (error) {
    return lack(module);
  }
}

module.exports = { Squall, hasKcat, kcat, lack, need, sleep, until, withSquall };
