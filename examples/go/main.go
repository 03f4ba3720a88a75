// Pull, run, converse, read the sharing report: with the stubs that protoc-gen-go makes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/proto"

	gateway "strata.dev/gen/strata/gateway/v1"
	runtime "strata.dev/gen/strata/runtime/v1"
	store "strata.dev/gen/strata/store/v1"
)

// codec reads and writes messages of google.golang.org/protobuf. Releases of grpc-go before 1.40, such as Debian 12's,
// bring one that may know older messages only; with newer ones this is not needed.
type codec struct{}

func (codec) Marshal(message interface{}) ([]byte, error) {
	return proto.Marshal(message.(proto.Message))
}
func (codec) Unmarshal(data []byte, message interface{}) error {
	return proto.Unmarshal(data, message.(proto.Message))
}
func (codec) Name() string { return "proto" }

func init() { encoding.RegisterCodec(codec{}) }

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: example HOST IMAGE")
	}
	// On a unix socket its permissions say who may connect; over a network use TLS credentials.
	connection, err := grpc.Dial(os.Args[1], grpc.WithInsecure())
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	if err := example(context.Background(), connection, os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func example(ctx context.Context, connection *grpc.ClientConn, image string) error {
	digest, err := pull(ctx, gateway.NewGatewayServiceClient(connection), image)
	if err != nil {
		return err
	}
	fmt.Println("pulled", digest)
	output, err := run(ctx, gateway.NewGatewayServiceClient(connection), image, "echo", "hello from a container")
	if err != nil {
		return err
	}
	fmt.Print("ran: ", output)
	if err := converse(ctx, connection, image); err != nil {
		return err
	}
	report, err := store.NewStoreServiceClient(connection).GetSharingReport(ctx, &store.GetSharingReportRequest{})
	if err != nil {
		return err
	}
	fmt.Printf("stored %d bytes for %d\n", report.StoredBytes, report.LogicalBytes)
	return nil
}

// pull makes an image present, and returns its digest.
func pull(ctx context.Context, client gateway.GatewayServiceClient, image string) (string, error) {
	events, err := client.Pull(ctx, &gateway.PullRequest{Reference: image})
	if err != nil {
		return "", err
	}
	for {
		event, err := events.Recv()
		if err != nil {
			return "", err
		}
		if pulled := event.GetPulled(); pulled != nil {
			return pulled.Image.Digest, nil
		}
	}
}

// run runs a container to its end, and returns what it wrote.
func run(ctx context.Context, client gateway.GatewayServiceClient, image string, command ...string) (string, error) {
	session, err := client.Run(ctx)
	if err != nil {
		return "", err
	}
	spec := &runtime.ContainerSpec{Image: image, Command: command, AutoRemove: true}
	header := &gateway.RunHeader{Create: &gateway.CreateContainerRequest{Spec: spec}, Stdout: true, Stderr: true}
	if err := session.Send(&gateway.RunRequest{Message: &gateway.RunRequest_Header{Header: header}}); err != nil {
		return "", err
	}
	var output []byte
	for {
		response, err := session.Recv()
		if errors.Is(err, io.EOF) {
			return string(output), nil
		}
		if err != nil {
			return "", err
		}
		output = append(output, response.GetOutput().GetStdout()...)
	}
}

// converse talks to a shell in a container that is removed afterwards.
func converse(ctx context.Context, connection *grpc.ClientConn, image string) error {
	spec := &runtime.ContainerSpec{Image: image, Command: []string{"sleep", "600"}}
	created, err := gateway.NewGatewayServiceClient(connection).CreateContainer(ctx, &gateway.CreateContainerRequest{Spec: spec})
	if err != nil {
		return err
	}
	id := created.Container.Id
	client := runtime.NewRuntimeServiceClient(connection)
	defer client.DeleteContainer(ctx, &runtime.DeleteContainerRequest{Container: id, Force: true})
	if _, err := client.StartContainer(ctx, &runtime.StartContainerRequest{Container: id}); err != nil {
		return err
	}
	shell, err := client.Exec(ctx)
	if err != nil {
		return err
	}
	process := &runtime.ExecSpec{Command: []string{"sh"}, Stdin: true, Stdout: true, Stderr: true}
	header := &runtime.ExecHeader{Container: id, Spec: process}
	if err := shell.Send(&runtime.ExecRequest{Message: &runtime.ExecRequest_Header{Header: header}}); err != nil {
		return err
	}
	if err := say(shell, "echo $((6 * 7))\n"); err != nil {
		return err
	}
	for {
		response, err := shell.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if text := response.Output.GetStdout(); text != nil {
			fmt.Print("conversed: ", string(text))
			if err := say(shell, "exit 3\n"); err != nil {
				return err
			}
		}
		if exit := response.Output.GetExit(); exit != nil {
			fmt.Println("exit status:", exit.ExitCode)
		}
	}
}

func say(shell runtime.RuntimeService_ExecClient, line string) error {
	input := &runtime.StreamInput{Input: &runtime.StreamInput_Stdin{Stdin: []byte(line)}}
	return shell.Send(&runtime.ExecRequest{Message: &runtime.ExecRequest_Input{Input: input}})
}
