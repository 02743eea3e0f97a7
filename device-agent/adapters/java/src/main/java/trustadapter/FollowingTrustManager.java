package trustadapter;

import java.io.Closeable;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.*;
import javax.net.ssl.*;

/**
 * Trusts the CA certificates of one PEM file, whatever they are at each handshake; the JDK's PKIX judges the chains.
 *
 * <p>Where an anchor has left, open connections are closed whose chain would not be trusted any more. A file that cannot
 * be used changes nothing: what was trusted before stays, and the log says so.
 *
 * <p>A resumed session asks no trust manager: use {@link #context}, which resumes none.
 */
public final class FollowingTrustManager extends X509ExtendedTrustManager {
    /** How long open connections may outlive their anchor where no handshake looks at the file. */
    private static final long POLL_MILLISECONDS = 1_000;
    static final Provider PKIX = Security.getProviders("TrustManagerFactory.PKIX")[0];
    private static final System.Logger LOG = System.getLogger("trustadapter");

    private final Path file;
    /** Sockets and engines that were verified, and their servers' chains. */
    private final Map<Object, X509Certificate[]> peers = new WeakHashMap<>();
    private List<Object> mark;
    private String complaint;
    private Set<X509Certificate> anchors = Set.of();
    private X509ExtendedTrustManager judge;

    /** Follows this file from now on; fails where it cannot be used at first. */
    public FollowingTrustManager(Path file) throws IOException, GeneralSecurityException {
        this.file = file.toAbsolutePath();
        take(mark());
        Thread poll = new Thread(this::poll, "trust-adapter");
        poll.setDaemon(true);
        poll.start();
    }

    /** A client's context that trusts what this manager does. */
    public SSLContext context() throws GeneralSecurityException {
        SSLContext context = new SSLContext(new FollowingContext("TLS", this), FollowingContext.JDK, "TLS") {};
        context.init(null, null, null);
        return context;
    }

    private void poll() {
        try {
            while (true) {
                Thread.sleep(POLL_MILLISECONDS);
                judge();
            }
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }

    /** Looks at the file, and takes what it holds if that has changed. */
    private synchronized X509ExtendedTrustManager judge() {
        try {
            List<Object> found = mark();
            if (!found.equals(mark)) {
                take(found);
            }
            complaint = null;
        } catch (IOException | GeneralSecurityException e) {
            if (!e.toString().equals(complaint)) {
                complaint = e.toString();
                LOG.log(System.Logger.Level.WARNING, "{0}: {1}; what was trusted before stays", file, complaint);
            }
        }
        return judge;
    }

    private List<Object> mark() throws IOException {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
        return Arrays.asList(found.fileKey(), found.lastModifiedTime(), found.size());
    }

    private void take(List<Object> found) throws IOException, GeneralSecurityException {
        Set<X509Certificate> next = new HashSet<>();
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var bytes = Files.newInputStream(file)) {
            for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(bytes)) {
                store.setCertificateEntry(String.valueOf(next.size()), certificate);
                next.add((X509Certificate) certificate);
            }
        }
        if (next.isEmpty()) {
            throw new CertificateException("no certificate in it");
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX", PKIX);
        factory.init(store);
        judge = (X509ExtendedTrustManager) factory.getTrustManagers()[0];
        boolean hasLeft = !next.containsAll(anchors);
        mark = found;
        anchors = next;
        if (hasLeft) {
            forget();
        }
    }

    private void forget() {
        List<Object> refused = new ArrayList<>();
        peers.forEach((peer, chain) -> {
            if (!isTrusted(chain)) {
                refused.add(peer);
            }
        });
        peers.keySet().removeAll(refused);
        // Not here: to close a connection can mean to wait for who writes to it.
        Thread closing = new Thread(() -> refused.forEach(FollowingTrustManager::close), "trust-adapter-closing");
        closing.setDaemon(true);
        closing.start();
    }

    private boolean isTrusted(X509Certificate[] chain) {
        try {
            judge.checkServerTrusted(chain, "UNKNOWN");
            return true;
        } catch (CertificateException refused) {
            return false;
        }
    }

    private static void close(Object peer) {
        Closeable connection = peer instanceof Socket ? (Socket) peer : ((SSLEngine) peer)::closeOutbound;
        try {
            connection.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "was closed already", e);
        }
    }

    private synchronized void verified(Object peer, X509Certificate[] chain) {
        peers.put(peer, chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        judge().checkServerTrusted(chain, type, socket);
        verified(socket, chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        judge().checkServerTrusted(chain, type, engine);
        verified(engine, chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        judge().checkServerTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        judge().checkClientTrusted(chain, type, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        judge().checkClientTrusted(chain, type, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        judge().checkClientTrusted(chain, type);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return judge().getAcceptedIssuers();
    }
}
