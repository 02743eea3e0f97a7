package trustadapter;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.*;
import javax.net.ssl.*;

/**
 * A context of the JDK that resumes no session, for that would ask no trust manager: each connection is made by a new
 * context with the same managers, whose cache of sessions is empty.
 */
final class FollowingContext extends SSLContextSpi {
    static final Provider JDK = Security.getProviders("SSLContext.TLS")[0];

    private final String protocol;
    private final TrustManager manager;
    private KeyManager[] keys;
    private TrustManager[] trust;
    private SecureRandom random;
    private SSLContext shared;

    /** A context that trusts what `manager` does, where it is initialised without managers. */
    FollowingContext(String protocol, FollowingTrustManager manager) {
        this.protocol = protocol;
        this.manager = manager;
    }

    @Override
    protected void engineInit(KeyManager[] keys, TrustManager[] trust, SecureRandom random) throws KeyManagementException {
        this.keys = keys;
        this.trust = trust == null ? new TrustManager[] {manager} : trust;
        this.random = random;
        shared = made();
    }

    private SSLContext made() throws KeyManagementException {
        try {
            SSLContext context = SSLContext.getInstance(protocol, JDK);
            context.init(keys, trust, random);
            return context;
        } catch (NoSuchAlgorithmException e) {
            throw new KeyManagementException(e);
        }
    }

    private SSLContext forOneConnection() {
        for (TrustManager one : trust) {
            if (one instanceof FollowingTrustManager) {
                try {
                    return made();
                } catch (KeyManagementException e) {
                    throw new IllegalStateException("the same managers made a context before", e);
                }
            }
        }
        return shared;
    }

    @Override
    protected SSLSocketFactory engineGetSocketFactory() {
        return new Sockets();
    }

    @Override
    protected SSLServerSocketFactory engineGetServerSocketFactory() {
        return shared.getServerSocketFactory();
    }

    @Override
    protected SSLEngine engineCreateSSLEngine() {
        return forOneConnection().createSSLEngine();
    }

    @Override
    protected SSLEngine engineCreateSSLEngine(String host, int port) {
        return forOneConnection().createSSLEngine(host, port);
    }

    @Override
    protected SSLSessionContext engineGetServerSessionContext() {
        return shared.getServerSessionContext();
    }

    @Override
    protected SSLSessionContext engineGetClientSessionContext() {
        return shared.getClientSessionContext();
    }

    @Override
    protected SSLParameters engineGetDefaultSSLParameters() {
        return shared.getDefaultSSLParameters();
    }

    @Override
    protected SSLParameters engineGetSupportedSSLParameters() {
        return shared.getSupportedSSLParameters();
    }

    private final class Sockets extends SSLSocketFactory {
        private SSLSocketFactory next() {
            return forOneConnection().getSocketFactory();
        }

        @Override
        public Socket createSocket() throws IOException {
            return next().createSocket();
        }

        @Override
        public Socket createSocket(Socket below, String host, int port, boolean closes) throws IOException {
            return next().createSocket(below, host, port, closes);
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            return next().createSocket(host, port);
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress from, int fromPort) throws IOException {
            return next().createSocket(host, port, from, fromPort);
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            return next().createSocket(host, port);
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort) throws IOException {
            return next().createSocket(host, port, from, fromPort);
        }

        @Override
        public String[] getDefaultCipherSuites() {
            return shared.getSocketFactory().getDefaultCipherSuites();
        }

        @Override
        public String[] getSupportedCipherSuites() {
            return shared.getSocketFactory().getSupportedCipherSuites();
        }
    }
}
