package trustadapter;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** The adapter's tests: `java -cp CLASSES trustadapter.Tests PKI.SH`. */
final class Tests {
    /** What the adapter logged. */
    private static final List<String> COMPLAINTS = new CopyOnWriteArrayList<>();
    private static Scene scene;
    private static int oldServer;
    private static int newServer;

    public static void main(String[] arguments) throws Exception {
        Logger.getLogger("trustadapter").setFilter(line -> {
            COMPLAINTS.add(new SimpleFormatter().formatMessage(line));
            return false;
        });
        int passed = 0;
        int failed = 0;
        try (Scene made = new Scene(Path.of(arguments[0]))) {
            scene = made;
            oldServer = scene.serve("old", "-www");
            newServer = scene.serve("new", "-www");
            Method[] methods = Tests.class.getDeclaredMethods();
            Arrays.sort(methods, (one, other) -> one.getName().compareTo(other.getName()));
            for (Method method : methods) {
                if (!Modifier.isPublic(method.getModifiers()) || method.getName().equals("main")) {
                    continue;
                }
                try {
                    method.invoke(null);
                    passed += 1;
                } catch (InvocationTargetException e) {
                    failed += 1;
                    System.out.println(method.getName() + " FAILED");
                    e.getCause().printStackTrace(System.out);
                }
            }
        }
        System.out.println(passed + " passed, " + failed + " failed");
        System.exit(failed == 0 && passed > 0 ? 0 : 1);
    }

    public static void anAnchorThatComesIsTrustedAndOneThatLeavesIsNot() throws Exception {
        scene.export("old");
        SSLContext context = new FollowingTrustManager(scene.file).context();
        check(isAccepted(context, oldServer), "old at first");
        check(!isAccepted(context, newServer), "new not yet");
        scene.export("old", "new");
        check(isAccepted(context, oldServer) && isAccepted(context, newServer), "both");
        scene.export("new");
        check(isAccepted(context, newServer), "new");
        check(!isAccepted(context, oldServer), "old no more");
    }

    public static void noSessionIsResumed() throws Exception {
        for (String protocol : new String[] {"TLSv1.2", "TLSv1.3"}) {
            scene.export("old");
            SSLContext context = new FollowingTrustManager(scene.file).context();
            for (int connection = 0; connection < 3; connection += 1) {
                check(fetch(context, oldServer, protocol).contains("\nNew, "), protocol);
            }
            scene.export("new");
            check(isThrown(() -> fetch(context, oldServer, protocol)), protocol + ", removed");
        }
    }

    public static void anOpenConnectionIsClosedWhenItsAnchorLeavesAndAnotherOneIsKept() throws Exception {
        scene.export("old", "new");
        SSLContext context = new FollowingTrustManager(scene.file).context();
        try (SSLSocket under = connect(context, scene.serve("old"), "TLSv1.3");
                SSLSocket kept = connect(context, scene.serve("new"), "TLSv1.3")) {
            scene.export("new");
            // Nothing connects any more: the poll alone must notice.
            check(isClosed(under), "closed");
            kept.getOutputStream().write('x');
            check(!kept.isClosed(), "kept");
        }
    }

    public static void aFileThatCannotBeUsedChangesNothing() throws Exception {
        scene.export("old");
        SSLContext context = new FollowingTrustManager(scene.file).context();
        for (String text : new String[] {"", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
            COMPLAINTS.clear();
            scene.exportText(text);
            check(isAccepted(context, oldServer) && !isAccepted(context, newServer), "as before");
            check(COMPLAINTS.size() == 1, "said once, not at each connection: " + COMPLAINTS);
            check(COMPLAINTS.get(0).startsWith(scene.file.toString()), "and of which file: " + COMPLAINTS);
        }
        scene.export("new");
        check(isAccepted(context, newServer), "and goes on");
        scene.exportText("");
        check(isThrown(() -> new FollowingTrustManager(scene.file)), "at first it must be usable");
    }

    public static void theJdksOwnManagerGoesOnTrustingWhatLeft() throws Exception {
        scene.export("old");
        TrustManager[] read = {new FollowingTrustManager(scene.file)};
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry("old", ((FollowingTrustManager) read[0]).getAcceptedIssuers()[0]);
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        scene.export("new");
        check(isAccepted(context, oldServer), "the JDK reads once");
    }

    /** Last by its name: what it installs stays. */
    public static void zAnInstalledFileIsWhatAllDefaultsTrust() throws Exception {
        scene.export("old");
        // A program may have asked before.
        HttpsURLConnection.getDefaultSSLSocketFactory();
        Defaults.install(scene.file);
        SSLContext library = SSLContext.getInstance("TLS");
        library.init(null, null, null);
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        SSLContext other = SSLContext.getInstance("TLSv1.3");
        other.init(null, factory.getTrustManagers(), null);
        HttpClient client = HttpClient.newHttpClient();
        int[] ports = {scene.serveHttps("old"), scene.serveHttps("new")};
        for (String name : new String[] {"old", "new"}) {
            scene.export(name);
            for (int port : ports) {
                boolean isExpected = name.equals("old") == (port == ports[0]);
                for (SSLContext context : new SSLContext[] {SSLContext.getDefault(), library, other}) {
                    check(isThrown(() -> connect(context, port, "TLSv1.3").close()) != isExpected, name);
                }
                URL url = new URL("https://localhost:" + port + "/");
                checkSoon(() -> isThrown(() -> url.openStream().readAllBytes()) != isExpected, name + " URL");
                HttpRequest request = HttpRequest.newBuilder(URI.create(url.toString())).build();
                checkSoon(() -> isThrown(() -> client.send(request, BodyHandlers.ofString())) != isExpected, name + " client");
            }
        }
    }

    private interface Deed {
        void run() throws Exception;
    }

    private static boolean isThrown(Deed deed) throws Exception {
        try {
            deed.run();
            return false;
        } catch (SSLException | java.security.cert.CertificateException e) {
            return true;
        }
    }

    private static void check(boolean isTrue, String fact) {
        if (!isTrue) {
            throw new AssertionError(fact);
        }
    }

    /** For pooled connections, which go on until the file is looked at. */
    private static void checkSoon(Callable<Boolean> isTrue, String fact) throws Exception {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!isTrue.call()) {
            check(System.nanoTime() < deadline, fact);
        }
    }

    private static boolean isAccepted(SSLContext context, int port) throws Exception {
        return !isThrown(() -> fetch(context, port, "TLSv1.3"));
    }

    private static SSLSocket connect(SSLContext context, int port, String protocol) throws IOException {
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port);
        var parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setProtocols(new String[] {protocol});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    private static String fetch(SSLContext context, int port, String protocol) throws IOException {
        try (SSLSocket socket = connect(context, port, protocol)) {
            socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
            return new String(socket.getInputStream().readAllBytes());
        }
    }

    private static boolean isClosed(SSLSocket socket) throws IOException {
        socket.setSoTimeout(20_000);
        try {
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}
