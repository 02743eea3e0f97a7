import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URL;
import java.security.cert.CertPathBuilderException;
import javax.net.ssl.HttpsURLConnection;

/** A long-running program on HttpsURLConnection. It names no certificates: how it is started decides what it trusts. */
public final class Client {
    private Client() {}

    public static void main(String[] arguments) throws IOException {
        System.out.println("ready HttpsURLConnection " + System.getProperty("java.version"));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            System.out.println(connect(new URL("https://" + words[1] + ":" + words[2] + "/")));
        }
    }

    private static String connect(URL url) {
        try {
            HttpsURLConnection connection = (HttpsURLConnection) url.openConnection();
            connection.setConnectTimeout(10_000);
            connection.setReadTimeout(10_000);
            connection.setRequestProperty("Connection", "close");
            connection.getInputStream().readAllBytes();
            return "accepted";
        } catch (IOException e) {
            return (isRefusal(e) ? "refused " : "failed ") + e.getMessage();
        }
    }

    private static boolean isRefusal(Throwable error) {
        return error != null && (error instanceof CertPathBuilderException || isRefusal(error.getCause()));
    }
}
