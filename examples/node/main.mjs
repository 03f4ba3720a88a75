// Pull, run, converse, read the sharing report: with the stubs that protoc-gen-es makes.
import net from "node:net";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { GatewayService } from "./gen/strata/gateway/v1/gateway_pb.js";
import { RuntimeService } from "./gen/strata/runtime/v1/runtime_pb.js";
import { StoreService } from "./gen/strata/store/v1/store_pb.js";

const text = (bytes) => Buffer.from(bytes).toString();

/** A stream of requests to which messages can be added while it is read. */
class Requests {
  #waiting = [];
  #wake = () => {};
  #isClosed = false;

  push(message) {
    this.#waiting.push(message);
    this.#wake();
  }

  close() {
    this.#isClosed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      while (this.#waiting.length > 0) yield this.#waiting.shift();
      if (this.#isClosed) return;
      await new Promise((resolve) => { this.#wake = resolve; });
    }
  }
}

/** Makes an image present; gives its digest. */
async function pull(engine, reference) {
  let digest = "";
  for await (const { event } of engine.pull({ reference })) {
    if (event.case === "pulled") digest = event.value.image.digest;
  }
  return digest;
}

/** Runs a container to its end; gives what it wrote. */
async function run(engine, image, command) {
  const requests = new Requests();
  const create = { spec: { image, command, autoRemove: true } };
  requests.push({ message: { case: "header", value: { create, stdout: true, stderr: true } } });
  let written = "";
  for await (const { event } of engine.run(requests)) {
    if (event.case === "output" && event.value.output.case === "stdout") written += text(event.value.output.value);
    if (event.case === "output" && event.value.output.case === "exit") requests.close();
  }
  return written;
}

/** Talks to a shell in a container. */
async function converse(containers, container) {
  const requests = new Requests();
  const say = (line) => {
    const input = { case: "stdin", value: Buffer.from(line) };
    requests.push({ message: { case: "input", value: { input } } });
  };
  const spec = { command: ["sh"], stdin: true, stdout: true, stderr: true };
  requests.push({ message: { case: "header", value: { container, spec } } });
  say("echo $((6 * 7))\n");
  for await (const { output } of containers.exec(requests)) {
    if (output.output.case === "stdout") {
      console.log("conversed:", text(output.output.value).trim());
      say("exit 3\n");
    } else if (output.output.case === "exit") {
      console.log("exit status:", output.output.value.exitCode);
      requests.close();
    }
  }
}

async function example(host, image) {
  // On a unix socket its permissions say who may connect; over a network use https:// and certificates.
  const nodeOptions = { createConnection: () => net.connect({ path: host.replace("unix://", "") }) };
  const transport = createGrpcTransport({ baseUrl: "http://localhost", nodeOptions });
  const engine = createClient(GatewayService, transport);
  const containers = createClient(RuntimeService, transport);
  console.log("pulled", await pull(engine, image));
  console.log("ran:", (await run(engine, image, ["echo", "hello from a container"])).trim());
  const created = await engine.createContainer({ spec: { image, command: ["sleep", "600"] } });
  const container = created.container.id;
  try {
    await containers.startContainer({ container });
    await converse(containers, container);
  } finally {
    await containers.deleteContainer({ container, force: true });
  }
  const report = await createClient(StoreService, transport).getSharingReport({});
  console.log(`stored ${report.storedBytes} bytes for ${report.logicalBytes}`);
}

if (process.argv.length !== 4) {
  console.error("usage: example HOST IMAGE");
  process.exit(1);
}
try {
  await example(process.argv[2], process.argv[3]);
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
