import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type Line = Awaited<ReturnType<typeof startLine>>;

/** A TCP line to the desk that can be cut (connections break), muted (nothing comes back), stalled and mended. */
export async function startLine(port: number) {
  const pairs = new Set<[Socket, Socket]>();
  let up = true;
  let muted = false;
  let target = port;
  const sockets = new WeakSet<Socket>();
  const stalled = new WeakSet<Socket>();
  const server = createServer((near) => {
    if (!up) return void near.destroy();
    const far = connect(target, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.on('data', (chunk: Buffer) => {
      if (/^upgrade: websocket/im.test(chunk.toString('latin1'))) sockets.add(near);
      if (!stalled.has(near)) far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (!muted && !stalled.has(near)) near.write(chunk);
    });
    const over = () => {
      near.destroy();
      far.destroy();
      pairs.delete(pair);
    };
    for (const end of pair) end.on('close', over).on('error', over);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const drop = () => {
    for (const [near, far] of pairs) {
      near.destroy();
      far.destroy();
    }
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      up = false;
      drop();
    },
    mute() {
      muted = true;
    },
    /** WebSockets of now carry nothing any more, ever, and do not say so; idle connections are gone, and new ones work. */
    stall() {
      for (const [near] of pairs) {
        if (sockets.has(near)) stalled.add(near);
        else near.destroy();
      }
    },
    /** New connections go to another port. */
    moveTo(next: number) {
      target = next;
    },
    mend() {
      muted = false;
      up = true;
    },
    async close() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
