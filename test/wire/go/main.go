// Asks STS who it is, with the credentials that the AWS SDK for Go finds by itself, as Terraform does. Prints the ARN.
// With `sign AUDIENCE`, prints the signed request as JSON instead of sending it.
// With `renewal`, waits in one process until the credentials are others, and prints `renewed`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	transport "github.com/aws/smithy-go/transport/http"
)

func main() {
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))
	if err != nil {
		fail(err)
	}
	if len(os.Args) == 3 && os.Args[1] == "sign" {
		sign(ctx, settings, os.Args[2])
		return
	}
	if len(os.Args) == 2 && os.Args[1] == "renewal" {
		fmt.Println(renewal(ctx, settings.Credentials))
		return
	}
	who, err := sts.NewFromConfig(settings).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		fail(err)
	}
	fmt.Println(aws.ToString(who.Arn))
}

func renewal(ctx context.Context, credentials aws.CredentialsProvider) string {
	first := accessKey(ctx, credentials)
	for accessKey(ctx, credentials) == first {
		time.Sleep(250 * time.Millisecond)
	}
	return "renewed"
}

func accessKey(ctx context.Context, credentials aws.CredentialsProvider) string {
	current, err := credentials.Retrieve(ctx)
	if err != nil {
		fail(err)
	}
	return current.AccessKeyID
}

type keeper struct {
	request *http.Request
	body    []byte
}

func (kept *keeper) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	kept.request, kept.body = request, body
	return nil, errors.New("kept")
}

func sign(ctx context.Context, settings aws.Config, audience string) {
	kept := &keeper{}
	client := sts.NewFromConfig(settings, func(options *sts.Options) {
		options.HTTPClient = kept
		options.APIOptions = append(options.APIOptions, transport.SetHeaderValue("X-Rolebridge-Audience", audience))
	})
	_, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if kept.request == nil {
		fail(err)
	}
	// Go writes these two itself.
	headers := map[string]string{
		"Host":           kept.request.URL.Host,
		"Content-Length": strconv.FormatInt(kept.request.ContentLength, 10),
	}
	for name := range kept.request.Header {
		headers[name] = kept.request.Header.Get(name)
	}
	request := map[string]any{"url": kept.request.URL.String(), "headers": headers, "body": string(kept.body)}
	if err := json.NewEncoder(os.Stdout).Encode(request); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
