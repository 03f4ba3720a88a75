// What a program does with dockerode: pull, create, attach, start, exec, wait, logs, remove. main.mjs SOCKET IMAGE
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import Docker from "dockerode";

const [socketPath, image] = process.argv.slice(2);
const docker = new Docker({ socketPath });

function gathered(stream) {
  const chunks = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

function apart(stream) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const texts = [gathered(out), gathered(err)];
  docker.modem.demuxStream(stream, out, err);
  return () => texts.map((text) => text());
}

async function pull() {
  const stream = await docker.pull(image);
  const steps = await new Promise((resolve, reject) =>
    docker.modem.followProgress(stream, (error, told) => (error ? reject(error) : resolve(told))),
  );
  return steps.at(-1).status.startsWith("Status: ");
}

async function converse() {
  const container = await docker.createContainer({
    Image: image,
    Cmd: ["sh", "-c", "read line; echo heard $line; echo oops >&2; exit 3"],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
  });
  const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
  const texts = apart(stream);
  await container.start();
  stream.end("hello\n");
  const { StatusCode } = await container.wait();
  await finished(stream, { writable: false });
  const logs = await container.logs({ stdout: true, stderr: false });
  await container.remove();
  return { status: StatusCode, streams: texts(), logs: logs.subarray(8).toString() };
}

async function execute() {
  const container = await docker.createContainer({ Image: image, Cmd: ["sleep", "1000"], Labels: { by: "dockerode" } });
  await container.start();
  const exec = await container.exec({
    Cmd: ["sh", "-c", "cat; exit 4"],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const texts = apart(stream);
  stream.end("through");
  await finished(stream, { writable: false });
  const { ExitCode } = await exec.inspect();
  const listed = await docker.listContainers({ filters: { label: ["by=dockerode"] } });
  await container.remove({ force: true });
  return { status: ExitCode, streams: texts(), listed: listed.length };
}

async function missing() {
  return docker.getContainer("nobody").inspect().then(() => 0, (error) => error.statusCode);
}

const done = { pulled: await pull(), conversed: await converse(), executed: await execute(), missing: await missing() };
console.log(JSON.stringify(done));
