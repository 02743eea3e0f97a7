package trustadapter;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.ssl.SSLSocketFactory;

/** Makes each socket by the next context of a {@link FollowingContext}. */
final class FollowingSockets extends SSLSocketFactory {
    private final FollowingContext context;
    private final SSLSocketFactory shared;

    FollowingSockets(FollowingContext context, SSLSocketFactory shared) {
        this.context = context;
        this.shared = shared;
    }

    private SSLSocketFactory next() {
        return context.next().getSocketFactory();
    }

    @Override public Socket createSocket() throws IOException { return next().createSocket(); }

    @Override
    public Socket createSocket(Socket below, String host, int port, boolean closes) throws IOException {
        return next().createSocket(below, host, port, closes);
    }

    @Override public Socket createSocket(String host, int port) throws IOException { return next().createSocket(host, port); }

    @Override
    public Socket createSocket(String host, int port, InetAddress from, int fromPort) throws IOException {
        return next().createSocket(host, port, from, fromPort);
    }

    @Override public Socket createSocket(InetAddress host, int port) throws IOException { return next().createSocket(host, port); }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort) throws IOException {
        return next().createSocket(host, port, from, fromPort);
    }

    @Override public String[] getDefaultCipherSuites() { return shared.getDefaultCipherSuites(); }
    @Override public String[] getSupportedCipherSuites() { return shared.getSupportedCipherSuites(); }
}
