import java.io.FileInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyStore;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/** Speaks TLS once with each trust store: {@code HOST PORT [FILE PASSWORD]...}; "-" is no password, no file the JVM's own. */
final class Handshake {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[1]);
        if (arguments.length == 2) {
            System.out.println(verdict((SSLSocketFactory) SSLSocketFactory.getDefault(), arguments[0], port));
        }
        for (int at = 2; at < arguments.length; at += 2) {
            char[] password = arguments[at + 1].equals("-") ? null : arguments[at + 1].toCharArray();
            System.out.println(verdict(factory(arguments[at], password), arguments[0], port));
        }
    }

    private static SSLSocketFactory factory(String file, char[] password) throws Exception {
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        try (FileInputStream in = new FileInputStream(file)) {
            anchors.load(in, password);
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(anchors);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    private static String verdict(SSLSocketFactory factory, String host, int port) throws Exception {
        Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
        try (SSLSocket socket = (SSLSocket) factory.createSocket(plain, host, port, true)) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            return "accepted";
        } catch (SSLHandshakeException refusal) {
            return "refused";
        }
    }
}
