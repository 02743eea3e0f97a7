package trustadapter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.*;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.*;
import javax.net.ssl.*;

/** The CA certificates of one PEM file, and the JDK's judge over them; read again where the file has changed. */
final class Anchors {
    static final Provider PKIX = Security.getProviders("TrustManagerFactory.PKIX")[0];
    private static final System.Logger LOG = System.getLogger("trustadapter");

    private final Path file;
    private List<Object> mark;
    private String complaint;
    private Set<X509Certificate> held = Set.of();
    private X509ExtendedTrustManager judge;

    Anchors(Path file) throws IOException, GeneralSecurityException {
        this.file = file.toAbsolutePath();
        take(mark());
    }

    /** Judges by what was read last. */
    X509ExtendedTrustManager judge() {
        return judge;
    }

    /** Looks at the file, and takes what it holds if that has changed; true where an anchor has left. */
    boolean look() {
        boolean hasLeft = false;
        try {
            List<Object> found = mark();
            if (!found.equals(mark)) {
                hasLeft = take(found);
            }
            complaint = null;
        } catch (IOException | GeneralSecurityException e) {
            if (!e.toString().equals(complaint)) {
                complaint = e.toString();
                LOG.log(System.Logger.Level.WARNING, "{0}: {1}; what was trusted before stays", file, complaint);
            }
        }
        return hasLeft;
    }

    private List<Object> mark() throws IOException {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
        return Arrays.asList(found.fileKey(), found.lastModifiedTime(), found.size());
    }

    private boolean take(List<Object> found) throws IOException, GeneralSecurityException {
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
        boolean hasLeft = !next.containsAll(held);
        mark = found;
        held = next;
        return hasLeft;
    }
}
