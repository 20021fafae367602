// The programs in examples/, run as they are.

'use strict';

const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');

const { root } = require('./support/child.js');
const { folder } = require('./support/files.js');
const { freePort, receive } = require('./support/sockets.js');

const running = [];
afterAll(() => running.forEach((child) => child.kill()));

/** Starts an example, and resolves when it listens. */
async function start(name, ...args) {
  const child = spawn(process.execPath, [path.join(root, 'examples', name), ...args.map(String)]);
  running.push(child);
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  expect(said).toBe('');
  return child;
}

test('echo-server.js sends back every byte of many connections', async () => {
  const port = await freePort();
  const child = await start('echo-server.js', port);
  const one = async (size) => {
    const sent = crypto.randomBytes(size);
    const peer = net.connect(port, '127.0.0.1');
    const received = receive(peer);
    peer.end(sent);
    expect((await received).equals(sent)).toBe(true);
  };
  await Promise.all(Array.from({ length: 64 }, (_, index) => one(1 + index * 3001)));
  const rude = net.connect(port, '127.0.0.1');
  await once(rude, 'connect');
  rude.resetAndDestroy();
  await one(10);
  expect(child.exitCode).toBe(null);
});

describe('file-server.js', () => {
  const there = folder();
  const content = crypto.randomBytes(300_001);
  fs.writeFileSync(path.join(there, 'large file'), content);
  fs.writeFileSync(path.join(there, 'empty'), '');
  fs.mkdirSync(path.join(there, 'folder'));
  fs.symlinkSync('/etc/passwd', path.join(there, 'link'));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  let port;
  beforeAll(async () => {
    port = await freePort();
    await start('file-server.js', there, port);
  });
  afterAll(() => agent.destroy());

  const get = (name) =>
    new Promise((resolve, reject) => {
      http
        .get({ port, host: '127.0.0.1', path: name, agent }, async (response) => {
          const parts = [];
          for await (const part of response) parts.push(part);
          resolve({ status: response.statusCode, body: Buffer.concat(parts) });
        })
        .on('error', reject);
    });

  test('serves files, over connections that stay', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => get('/large%20file')));
    for (const { status, body } of answers) expect([status, body.equals(content)]).toEqual([200, true]);
    expect(await get('/empty')).toEqual({ status: 200, body: Buffer.alloc(0) });
  });

  test.each(['/missing', '/folder', '/link', '/../../../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/%ff'])(
    'has no %s',
    async (name) => {
      expect((await get(name)).status).toBe(404);
    },
  );
});
