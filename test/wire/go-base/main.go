// Asks STS who it is with the authentication library of Terraform, as its AWS provider and its S3 backend do. Prints the ARN.
// With `renewal`, waits in one process until the credentials are others, and prints `renewed`.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
)

func main() {
	// What `provider "aws" { endpoints { sts = … } }` sets. Profile and region are in the environment.
	settings := awsbase.Config{
		CallerName:  "caller-identity",
		MaxRetries:  1,
		StsEndpoint: os.Getenv("AWS_ENDPOINT_URL_STS"),
	}
	ctx, configuration, problems := awsbase.GetAwsConfig(context.Background(), &settings)
	for _, problem := range problems {
		fmt.Fprintf(os.Stderr, "%s\n%s\n", problem.Summary(), problem.Detail())
	}
	if problems.HasError() {
		os.Exit(1)
	}
	said, err := answer(ctx, configuration, settings.StsEndpoint)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(said)
}

func answer(ctx context.Context, configuration aws.Config, endpoint string) (string, error) {
	if len(os.Args) == 2 && os.Args[1] == "renewal" {
		return renewal(ctx, configuration.Credentials)
	}
	client := sts.NewFromConfig(configuration, func(options *sts.Options) { options.BaseEndpoint = aws.String(endpoint) })
	who, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return aws.ToString(who.Arn), nil
}

func renewal(ctx context.Context, credentials aws.CredentialsProvider) (string, error) {
	first, err := credentials.Retrieve(ctx)
	for current := first; err == nil && current.AccessKeyID == first.AccessKeyID; current, err = credentials.Retrieve(ctx) {
		time.Sleep(250 * time.Millisecond)
	}
	return "renewed", err
}
