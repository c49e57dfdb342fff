"""What listens on a container's loopback: a script for the Bun in opencode. sandbox/docker/relay.py hears it."""

SCRIPT = r"""
const MOST = 65536;
const open = new Map();
let last = 0;
function say(number, data) {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(number, 0);
  head.writeUInt32BE(data.length, 4);
  process.stdout.write(Buffer.concat([head, data]));
}
const server = require("node:net").createServer((visitor) => {
  let number = 0;
  visitor.on("error", () => {});
  visitor.on("data", (data) => {
    if (!number) {
      number = ++last;
      open.set(number, visitor);
    }
    for (let at = 0; at < data.length; at += MOST) say(number, data.subarray(at, at + MOST));
  });
  visitor.on("close", () => {
    if (open.delete(number)) say(number, Buffer.alloc(0));
  });
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`port ${server.address().port}\n`));
let heard = Buffer.alloc(0);
process.stdin.on("data", (data) => {
  heard = Buffer.concat([heard, data]);
  while (heard.length >= 8 && heard.length >= 8 + heard.readUInt32BE(4)) {
    const number = heard.readUInt32BE(0), size = heard.readUInt32BE(4), visitor = open.get(number);
    if (size) visitor?.write(heard.subarray(8, 8 + size));
    else if (open.delete(number)) visitor.end();
    heard = heard.subarray(8 + size);
  }
});
process.stdin.on("end", () => process.exit());
"""
