// Pull, run, converse, read the sharing report: with the stubs that protoc and grpc_cpp_plugin make.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include <grpcpp/grpcpp.h>

#include "strata/gateway/v1/gateway.grpc.pb.h"
#include "strata/runtime/v1/runtime.grpc.pb.h"
#include "strata/store/v1/store.grpc.pb.h"

namespace gateway = strata::gateway::v1;
namespace runtime = strata::runtime::v1;
namespace store = strata::store::v1;

namespace {

void check(const grpc::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.error_message());
}

// Makes an image present; returns its digest.
std::string pull(gateway::GatewayService::Stub& stub, const std::string& image) {
  grpc::ClientContext context;
  gateway::PullRequest request;
  request.set_reference(image);
  auto events = stub.Pull(&context, request);
  gateway::PullResponse event;
  std::string digest;
  while (events->Read(&event)) {
    if (event.has_pulled()) digest = event.pulled().image().digest();
  }
  check(events->Finish());
  return digest;
}

// Runs a container to its end; returns what it wrote.
std::string run(gateway::GatewayService::Stub& stub, const std::string& image, const std::string& text) {
  grpc::ClientContext context;
  auto session = stub.Run(&context);
  gateway::RunRequest request;
  auto* header = request.mutable_header();
  header->set_stdout(true);
  header->set_stderr(true);
  auto* spec = header->mutable_create()->mutable_spec();
  spec->set_image(image);
  spec->set_auto_remove(true);
  spec->add_command("echo");
  spec->add_command(text);
  session->Write(request);
  gateway::RunResponse response;
  std::string output;
  while (session->Read(&response)) output += response.output().stdout();
  check(session->Finish());
  return output;
}

// A container that sleeps, for as long as this object lives.
class Container {
 public:
  Container(gateway::GatewayService::Stub& engine, runtime::RuntimeService::Stub& stub, const std::string& image)
      : stub_(stub) {
    grpc::ClientContext context;
    gateway::CreateContainerRequest request;
    request.mutable_spec()->set_image(image);
    request.mutable_spec()->add_command("sleep");
    request.mutable_spec()->add_command("600");
    gateway::CreateContainerResponse response;
    check(engine.CreateContainer(&context, request, &response));
    id_ = response.container().id();
    grpc::ClientContext start_context;
    runtime::StartContainerRequest start;
    start.set_container(id_);
    runtime::StartContainerResponse started;
    check(stub_.StartContainer(&start_context, start, &started));
  }

  ~Container() {
    grpc::ClientContext context;
    runtime::DeleteContainerRequest request;
    request.set_container(id_);
    request.set_force(true);
    runtime::DeleteContainerResponse response;
    stub_.DeleteContainer(&context, request, &response);
  }

  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  const std::string& id() const { return id_; }

 private:
  runtime::RuntimeService::Stub& stub_;
  std::string id_;
};

// Talks to a shell in a container.
void converse(runtime::RuntimeService::Stub& stub, const std::string& container) {
  grpc::ClientContext context;
  auto shell = stub.Exec(&context);
  const auto say = [&shell](const std::string& line) {
    runtime::ExecRequest request;
    request.mutable_input()->set_stdin(line);
    shell->Write(request);
  };
  runtime::ExecRequest first;
  first.mutable_header()->set_container(container);
  auto* spec = first.mutable_header()->mutable_spec();
  spec->add_command("sh");
  spec->set_stdin(true);
  spec->set_stdout(true);
  spec->set_stderr(true);
  shell->Write(first);
  say("echo $((6 * 7))\n");
  runtime::ExecResponse response;
  while (shell->Read(&response)) {
    if (!response.output().stdout().empty()) {
      std::cout << "conversed: " << response.output().stdout();
      say("exit 3\n");
    } else if (response.output().has_exit()) {
      std::cout << "exit status: " << response.output().exit().exit_code() << "\n";
    }
  }
  check(shell->Finish());
}

void example(const std::string& host, const std::string& image) {
  // On a unix socket its permissions say who may connect; over a network use SslCredentials.
  auto channel = grpc::CreateChannel(host, grpc::InsecureChannelCredentials());
  auto engine = gateway::GatewayService::NewStub(channel);
  auto containers = runtime::RuntimeService::NewStub(channel);
  std::cout << "pulled " << pull(*engine, image) << "\n";
  std::cout << "ran: " << run(*engine, image, "hello from a container");
  {
    Container container(*engine, *containers, image);
    converse(*containers, container.id());
  }
  grpc::ClientContext context;
  store::GetSharingReportResponse report;
  check(store::StoreService::NewStub(channel)->GetSharingReport(&context, {}, &report));
  std::cout << "stored " << report.stored_bytes() << " bytes for " << report.logical_bytes() << "\n";
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    std::cerr << "usage: example HOST IMAGE\n";
    return EXIT_FAILURE;
  }
  try {
    example(words[1], words[2]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
