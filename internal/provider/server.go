package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// NewServer returns the provider in a version as a CLI talks to it.
func NewServer(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer { return serve(New(version)()) }
}

func serve(p provider.Provider) tfprotov6.ProviderServer {
	s := providerserver.NewProtocol6(p)()
	if all, ok := s.(frameworkServer); ok {
		return nullArguments{all}
	}
	return s
}

// frameworkServer is all that a server of the framework does. What an older
// protocol did not have is in interfaces of its own, and a CLI is told that a
// server cannot do what it does not forward.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ActionServer
	tfprotov6.ListResourceServer
	tfprotov6.StateStoreServer
}

// nullArguments takes null for an argument of a function as OpenTofu sends it,
// without any encoding (1.12.6 and before); the framework takes only an encoded
// null, which is what Terraform sends.
type nullArguments struct{ frameworkServer }

func (s nullArguments) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	for i, argument := range req.Arguments {
		if argument == nil || len(argument.MsgPack) == 0 && len(argument.JSON) == 0 {
			req.Arguments[i] = &tfprotov6.DynamicValue{MsgPack: []byte{0xc0}}
		}
	}
	return s.frameworkServer.CallFunction(ctx, req)
}
