package trustadapter;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** What every test needs: certificates, a folder as the agent exports it, and `openssl s_server`. */
final class Scene implements AutoCloseable {
    final Path folder = Files.createTempDirectory("trust-adapter-");
    final Path file = folder.resolve("exports/services/hub.pem");
    private final List<Process> servers = new ArrayList<>();
    private final List<HttpsServer> httpsServers = new ArrayList<>();
    private int generation;

    Scene(Path pki) throws Exception {
        run(folder, "sh", pki.toAbsolutePath().toString(), folder.toString());
    }

    private static void run(Path folder, String... command) throws Exception {
        Process process = new ProcessBuilder(command).directory(folder.toFile()).inheritIO().start();
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed");
        }
    }

    /** What the agent does: a new generation, and one rename. */
    void export(String... names) throws IOException {
        StringBuilder text = new StringBuilder("# start of services/hub.pem\n");
        for (String name : names) {
            text.append("# CN=The ").append(name).append(" root\n").append(Files.readString(folder.resolve(name + "-root.pem")));
        }
        exportText(text.append("# end of services/hub.pem\n").toString());
    }

    void exportText(String text) throws IOException {
        generation += 1;
        Path exports = folder.resolve("exports");
        Path services = exports.resolve("..release-" + generation).resolve("services");
        Files.createDirectories(services);
        Files.writeString(services.resolve("hub.pem"), text);
        if (generation == 1) {
            Files.createSymbolicLink(exports.resolve("services"), Path.of("..data/services"));
        }
        Path next = Files.createSymbolicLink(exports.resolve("..next"), services.getParent().getFileName());
        Files.move(next, exports.resolve("..data"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** A server of `localhost` under this root, with further arguments of `openssl s_server`; its port. */
    int serve(String name, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("openssl", "s_server", "-accept", "127.0.0.1:0",
            "-cert", name + ".pem", "-key", name + ".key"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        Process server = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
        servers.add(server);
        BufferedReader output = new BufferedReader(new InputStreamReader(server.getInputStream()));
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith("ACCEPT ")) {
                return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
            }
        }
        throw new IOException("openssl s_server does not listen");
    }

    /** A server that keeps its connections open, as HTTP/1.1 has it. */
    int serveHttps(String name) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        char[] password = "secret".toCharArray();
        try (var bytes = Files.newInputStream(folder.resolve(name + ".p12"))) {
            store.load(bytes, password);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 3);
            exchange.getResponseBody().write("ok\n".getBytes());
            exchange.close();
        });
        server.start();
        httpsServers.add(server);
        return server.getAddress().getPort();
    }

    @Override
    public void close() throws IOException {
        servers.forEach(Process::destroyForcibly);
        httpsServers.forEach(server -> server.stop(0));
        try (var paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
                Files.delete(path);
            }
        }
    }
}
