package trustadapter;

import java.io.IOException;
import java.nio.file.Path;
import java.security.*;
import javax.net.ssl.*;

/**
 * Makes a file what this process trusts wherever its code names nothing else: in the default context, in
 * {@link HttpsURLConnection}, and where a library makes a context or asks for trust managers without a key store.
 *
 * <p>Without a change of code: {@code -javaagent:trust-adapter.jar=FILE}, also in {@code JAVA_TOOL_OPTIONS}.
 */
public final class Defaults extends Provider {
    private static final long serialVersionUID = 1;

    private final transient FollowingTrustManager manager;

    private Defaults(FollowingTrustManager manager) {
        super("TrustAdapter", "0.1", "Contexts that follow a file of CA certificates");
        this.manager = manager;
        putService(new Made("TrustManagerFactory", "PKIX"));
        for (String protocol : new String[] {"SSL", "TLS", "TLSv1.2", "TLSv1.3"}) {
            putService(new Made("SSLContext", protocol));
        }
    }

    /** Follows this file from now on; fails where it cannot be used at first. Call it before anything connects. */
    public static FollowingTrustManager install(Path file) throws IOException, GeneralSecurityException {
        FollowingTrustManager manager = new FollowingTrustManager(file);
        SSLContext.setDefault(manager.context());
        HttpsURLConnection.setDefaultSSLSocketFactory(SSLContext.getDefault().getSocketFactory());
        Security.insertProviderAt(new Defaults(manager), 1);
        return manager;
    }

    /** What {@code -javaagent} calls. */
    public static void premain(String file) throws IOException, GeneralSecurityException {
        install(Path.of(file));
    }

    private final class Made extends Service {
        Made(String type, String algorithm) {
            super(Defaults.this, type, algorithm, type, null, null);
        }

        @Override
        public Object newInstance(Object parameter) throws NoSuchAlgorithmException {
            return getType().equals("SSLContext") ? new FollowingContext(getAlgorithm(), manager) : new Factory(getAlgorithm());
        }
    }

    private final class Factory extends TrustManagerFactorySpi {
        private final TrustManagerFactory others;
        private boolean isOurs;

        Factory(String algorithm) throws NoSuchAlgorithmException {
            others = TrustManagerFactory.getInstance(algorithm, Anchors.PKIX);
        }

        @Override
        protected void engineInit(KeyStore store) throws KeyStoreException {
            isOurs = store == null;
            others.init(store);
        }

        @Override
        protected void engineInit(ManagerFactoryParameters parameters) throws InvalidAlgorithmParameterException {
            isOurs = false;
            others.init(parameters);
        }

        @Override
        protected TrustManager[] engineGetTrustManagers() {
            return isOurs ? new TrustManager[] {manager} : others.getTrustManagers();
        }
    }
}
