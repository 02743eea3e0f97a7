package trustadapter;

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

    /** The context of the next connection. */
    SSLContext next() {
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

    // Connections are made by the next context, and all else is asked of the shared one.
    @Override protected SSLSocketFactory engineGetSocketFactory() { return new FollowingSockets(this, shared.getSocketFactory()); }
    @Override protected SSLEngine engineCreateSSLEngine() { return next().createSSLEngine(); }
    @Override protected SSLEngine engineCreateSSLEngine(String host, int port) { return next().createSSLEngine(host, port); }
    @Override protected SSLServerSocketFactory engineGetServerSocketFactory() { return shared.getServerSocketFactory(); }
    @Override protected SSLSessionContext engineGetServerSessionContext() { return shared.getServerSessionContext(); }
    @Override protected SSLSessionContext engineGetClientSessionContext() { return shared.getClientSessionContext(); }
    @Override protected SSLParameters engineGetDefaultSSLParameters() { return shared.getDefaultSSLParameters(); }
    @Override protected SSLParameters engineGetSupportedSSLParameters() { return shared.getSupportedSSLParameters(); }
}
