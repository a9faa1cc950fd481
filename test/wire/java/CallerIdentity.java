import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sts.StsClient;

/**
 * Asks STS who it is, with the credentials that the AWS SDK for Java finds by itself. Prints the ARN.
 * With `renewal`, waits in one process until the credentials are others, and prints `renewed`.
 */
public final class CallerIdentity {
  public static void main(String[] args) throws InterruptedException {
    try (DefaultCredentialsProvider credentials = DefaultCredentialsProvider.builder().build()) {
      System.out.println(args.length == 1 && args[0].equals("renewal") ? renewal(credentials) : arn(credentials));
    } catch (SdkException fault) {
      System.err.println(fault.getMessage());
      for (Throwable cause = fault.getCause(); cause != null; cause = cause.getCause())
        System.err.println("caused by: " + cause.getMessage());
      System.exit(1);
    }
  }

  private static String arn(AwsCredentialsProvider credentials) {
    try (StsClient sts = StsClient.builder()
        .credentialsProvider(credentials)
        .overrideConfiguration(settings -> settings.retryStrategy(retry -> retry.maxAttempts(1)))
        .build()) {
      return sts.getCallerIdentity().arn();
    }
  }

  private static String renewal(AwsCredentialsProvider credentials) throws InterruptedException {
    String first = credentials.resolveCredentials().accessKeyId();
    while (credentials.resolveCredentials().accessKeyId().equals(first)) Thread.sleep(250);
    return "renewed";
  }
}
