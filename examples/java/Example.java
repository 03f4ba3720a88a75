// Pull, run, converse, read the sharing report: with the stubs that protoc-gen-grpc-java makes.
//
// Over a network, with mutual TLS: HOST is tcp://name:port, and STRATA_TLS_CA, STRATA_TLS_CERT and STRATA_TLS_KEY name
// PEM files, as for the strata command.

import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.File;
import java.util.Iterator;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import strata.gateway.v1.Gateway.CreateContainerRequest;
import strata.gateway.v1.Gateway.PullRequest;
import strata.gateway.v1.Gateway.PullResponse;
import strata.gateway.v1.Gateway.RunHeader;
import strata.gateway.v1.Gateway.RunRequest;
import strata.gateway.v1.Gateway.RunResponse;
import strata.gateway.v1.GatewayServiceGrpc;
import strata.runtime.v1.ContainerOuterClass.ContainerSpec;
import strata.runtime.v1.Runtime.DeleteContainerRequest;
import strata.runtime.v1.Runtime.ExecHeader;
import strata.runtime.v1.Runtime.ExecRequest;
import strata.runtime.v1.Runtime.ExecResponse;
import strata.runtime.v1.Runtime.ExecSpec;
import strata.runtime.v1.Runtime.StartContainerRequest;
import strata.runtime.v1.Runtime.StreamInput;
import strata.runtime.v1.RuntimeServiceGrpc;
import strata.store.v1.Store.GetSharingReportRequest;
import strata.store.v1.Store.GetSharingReportResponse;
import strata.store.v1.StoreServiceGrpc;

public final class Example {
  /** What a stream of responses gives: messages, then its end. */
  private static final class Responses<T> implements StreamObserver<T> {
    private final BlockingQueue<Object> queue = new LinkedBlockingQueue<>();
    private static final Object END = new Object();

    @Override
    public void onNext(T message) {
      queue.add(message);
    }

    @Override
    public void onError(Throwable error) {
      queue.add(error);
    }

    @Override
    public void onCompleted() {
      queue.add(END);
    }

    /** The next message, null at the end. */
    @SuppressWarnings("unchecked")
    T next() throws Exception {
      Object next = queue.take();
      if (next instanceof Exception) {
        throw (Exception) next;
      }
      return next == END ? null : (T) next;
    }
  }

  /** Makes an image present; gives its digest. */
  static String pull(ManagedChannel channel, String image) {
    PullRequest request = PullRequest.newBuilder().setReference(image).build();
    Iterator<PullResponse> events = GatewayServiceGrpc.newBlockingStub(channel).pull(request);
    String digest = "";
    while (events.hasNext()) {
      PullResponse event = events.next();
      if (event.hasPulled()) {
        digest = event.getPulled().getImage().getDigest();
      }
    }
    return digest;
  }

  /** Runs a container to its end; gives what it wrote. */
  static String run(ManagedChannel channel, String image, String text) throws Exception {
    Responses<RunResponse> responses = new Responses<>();
    StreamObserver<RunRequest> requests = GatewayServiceGrpc.newStub(channel).run(responses);
    ContainerSpec spec =
        ContainerSpec.newBuilder().setImage(image).addCommand("echo").addCommand(text).setAutoRemove(true).build();
    RunHeader header =
        RunHeader.newBuilder()
            .setCreate(CreateContainerRequest.newBuilder().setSpec(spec))
            .setStdout(true)
            .setStderr(true)
            .build();
    requests.onNext(RunRequest.newBuilder().setHeader(header).build());
    StringBuilder written = new StringBuilder();
    for (RunResponse response = responses.next(); response != null; response = responses.next()) {
      written.append(response.getOutput().getStdout().toStringUtf8());
    }
    return written.toString();
  }

  /** Talks to a shell in a container. */
  static void converse(ManagedChannel channel, String container) throws Exception {
    Responses<ExecResponse> responses = new Responses<>();
    StreamObserver<ExecRequest> requests = RuntimeServiceGrpc.newStub(channel).exec(responses);
    ExecSpec spec = ExecSpec.newBuilder().addCommand("sh").setStdin(true).setStdout(true).setStderr(true).build();
    ExecHeader header = ExecHeader.newBuilder().setContainer(container).setSpec(spec).build();
    requests.onNext(ExecRequest.newBuilder().setHeader(header).build());
    say(requests, "echo $((6 * 7))\n");
    for (ExecResponse response = responses.next(); response != null; response = responses.next()) {
      if (!response.getOutput().getStdout().isEmpty()) {
        System.out.print("conversed: " + response.getOutput().getStdout().toStringUtf8());
        say(requests, "exit 3\n");
      } else if (response.getOutput().hasExit()) {
        System.out.println("exit status: " + response.getOutput().getExit().getExitCode());
      }
    }
  }

  private static void say(StreamObserver<ExecRequest> requests, String line) {
    StreamInput input = StreamInput.newBuilder().setStdin(com.google.protobuf.ByteString.copyFromUtf8(line)).build();
    requests.onNext(ExecRequest.newBuilder().setInput(input).build());
  }

  static void example(ManagedChannel channel, String image) throws Exception {
    System.out.println("pulled " + pull(channel, image));
    System.out.print("ran: " + run(channel, image, "hello from a container"));
    ContainerSpec spec = ContainerSpec.newBuilder().setImage(image).addCommand("sleep").addCommand("600").build();
    CreateContainerRequest create = CreateContainerRequest.newBuilder().setSpec(spec).build();
    String container = GatewayServiceGrpc.newBlockingStub(channel).createContainer(create).getContainer().getId();
    RuntimeServiceGrpc.RuntimeServiceBlockingStub containers = RuntimeServiceGrpc.newBlockingStub(channel);
    try {
      containers.startContainer(StartContainerRequest.newBuilder().setContainer(container).build());
      converse(channel, container);
    } finally {
      containers.deleteContainer(DeleteContainerRequest.newBuilder().setContainer(container).setForce(true).build());
    }
    GetSharingReportResponse report =
        StoreServiceGrpc.newBlockingStub(channel).getSharingReport(GetSharingReportRequest.getDefaultInstance());
    System.out.println("stored " + report.getStoredBytes() + " bytes for " + report.getLogicalBytes());
  }

  public static void main(String[] words) throws Exception {
    if (words.length != 2 || !words[0].startsWith("tcp://")) {
      System.err.println("usage: example tcp://NAME:PORT IMAGE");
      System.exit(1);
    }
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(words[0].substring("tcp://".length()))
            .sslContext(
                GrpcSslContexts.forClient()
                    .trustManager(new File(System.getenv("STRATA_TLS_CA")))
                    .keyManager(new File(System.getenv("STRATA_TLS_CERT")), new File(System.getenv("STRATA_TLS_KEY")))
                    .build())
            .build();
    try {
      example(channel, words[1]);
    } finally {
      channel.shutdownNow();
    }
  }

  private Example() {}
}
