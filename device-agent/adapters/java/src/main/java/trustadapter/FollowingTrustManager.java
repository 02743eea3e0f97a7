package trustadapter;

import java.io.*;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
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
    private final Anchors anchors;
    /** Sockets and engines that were verified, and their servers' chains. */
    private final Map<Object, X509Certificate[]> peers = new WeakHashMap<>();

    /** Follows this file from now on; fails where it cannot be used at first. */
    public FollowingTrustManager(Path file) throws IOException, GeneralSecurityException {
        anchors = new Anchors(file);
        Timer poll = new Timer("trust-adapter", true);
        // How long open connections may outlive their anchor, in milliseconds, where no handshake looks at the file.
        poll.schedule(new TimerTask() { @Override public void run() { judge(); } }, 1_000, 1_000);
    }

    /** A client's context that trusts what this manager does. */
    public SSLContext context() throws GeneralSecurityException {
        SSLContext context = new SSLContext(new FollowingContext("TLS", this), FollowingContext.JDK, "TLS") {};
        context.init(null, null, null);
        return context;
    }

    private synchronized X509ExtendedTrustManager judge() {
        if (anchors.look()) {
            List<Object> refused = new ArrayList<>(peers.keySet());
            refused.removeIf(peer -> isTrusted(peers.get(peer)));
            peers.keySet().removeAll(refused);
            // Not here: to close a connection can mean to wait for who writes to it.
            Thread closing = new Thread(() -> refused.forEach(FollowingTrustManager::close), "trust-adapter-closing");
            closing.setDaemon(true);
            closing.start();
        }
        return anchors.judge();
    }

    private boolean isTrusted(X509Certificate[] chain) {
        try {
            anchors.judge().checkServerTrusted(chain, "UNKNOWN");
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
            System.getLogger("trustadapter").log(System.Logger.Level.DEBUG, "was closed already", e);
        }
    }

    private synchronized void keep(Object peer, X509Certificate[] chain) { peers.put(peer, chain); }

    @Override public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        judge().checkServerTrusted(chain, type, socket);
        keep(socket, chain);
    }

    @Override public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        judge().checkServerTrusted(chain, type, engine);
        keep(engine, chain);
    }

    @Override public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        judge().checkServerTrusted(chain, type);
    }

    @Override public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        judge().checkClientTrusted(chain, type, socket);
    }

    @Override public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        judge().checkClientTrusted(chain, type, engine);
    }

    @Override public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        judge().checkClientTrusted(chain, type);
    }

    @Override public X509Certificate[] getAcceptedIssuers() { return judge().getAcceptedIssuers(); }
}
