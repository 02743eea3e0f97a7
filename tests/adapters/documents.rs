//! The adapters' documents are true: their commands and their code are run here, word for word.

use std::{env, fs, os::unix::fs::symlink, process::Command};

use system_tests::{
    gateway::place,
    process::{Ended, run},
};

use crate::scene::{Scene, nodes, root};

/// What the documents call the exported file, and the host.
const FILE: &str = "/var/lib/device-agent/trust/services/iot-hub.pem";
const HOST: &str = "fleet.azure-devices.net";

/// A reader of one document, in an empty folder beside the source tree.
struct Reader {
    scene: Scene,
    text: String,
}

impl Reader {
    fn of(adapter: &str) -> Self {
        let scene = Scene::new();
        symlink(root().join("device-agent"), scene.path("device-agent")).unwrap();
        let document = root().join("device-agent/adapters").join(adapter).join("README.md");
        Self { scene, text: fs::read_to_string(document).unwrap() }
    }

    /// The block of code after the mark `<!-- run: NAME -->`, with this scene's file and server.
    fn block(&self, name: &str) -> String {
        let after = self.text.split(&format!("<!-- run: {name} -->")).nth(1);
        let code =
            after.and_then(|after| after.split("```").nth(1)).unwrap_or_else(|| panic!("no block {name}"));
        let host = format!("localhost:{}", self.scene.old.address().port());
        let code = code.split_once('\n').unwrap().1;
        code.replace(FILE, &self.scene.file().to_string_lossy()).replace(HOST, &host)
    }

    /// Runs a script in the reader's folder, with the distribution's programs first.
    fn bash(&self, script: &str) -> Ended {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once("/usr/bin".into()).chain(env::split_paths(&path));
        let mut command = Command::new("bash");
        command.current_dir(self.scene.path("")).args(["-e", "-o", "pipefail", "-c", script]);
        command.env("PATH", env::join_paths(folders).unwrap()).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("PYTHONPATH", "app");
        // What comes from here comes from nowhere else.
        command.env("PIP_NO_INDEX", "1").env("npm_config_offline", "true").env("npm_config_audit", "false");
        command.env("npm_config_cache", self.scene.path("npm"));
        run(&mut command, "").unwrap()
    }

    fn runs(&self, script: &str) -> String {
        self.bash(script).success().unwrap()
    }

    fn place(&self, name: &str, text: &str) {
        place(&self.scene.path(name), text.as_bytes()).unwrap();
    }

    /// Runs a script that connects to the server under the old root: it does while that is trusted, and only then.
    fn connects(&self, script: &str) {
        self.scene.export(2, &[&self.scene.vendor.old_root]);
        let before = self.scene.old.completed();
        self.runs(script);
        assert!(self.scene.old.completed() > before, "it connected to nothing: {script}");
        self.scene.export(3, &[&self.scene.vendor.new_root]);
        let ended = self.bash(script);
        assert!(!ended.status.success(), "the file is not what it trusts: {ended}");
    }
}

/// As many tests as the runner's last words say, and no failure.
fn passed(said: &str, words: &[&str]) {
    assert!(words.iter().all(|word| said.contains(word)), "{words:?} not in:\n{said}");
}

#[test]
fn what_the_java_document_says_works() {
    let reader = Reader::of("java");
    reader.runs(&reader.block("install"));
    let url = format!("https://localhost:{}/", reader.scene.old.address().port());
    reader.place(
        "Program.java",
        &format!(
            "public class Program {{ public static void main(String[] a) throws Exception {{ \
             new java.net.URL(\"{url}\").openStream().readAllBytes(); }} }}"
        ),
    );
    reader.connects(&reader.block("agent"));
    reader.place("Example.java", &reader.block("code"));
    reader.connects("java -cp target/trust-adapter.jar Example.java");
}

#[test]
fn what_the_node_document_says_works() {
    let reader = Reader::of("node");
    reader.runs(&reader.block("install"));
    let url = format!("https://localhost:{}/", reader.scene.old.address().port());
    reader.place("program.js", &format!("fetch('{url}').then((response) => response.text())"));
    reader.connects(&reader.block("register"));
    reader.connects(&reader.block("register").replace("--require", "--import"));
    reader.place("follow.js", &reader.block("follow"));
    reader.connects("node follow.js");
    let module =
        "import { follow } from 'trust-adapter'; follow(process.argv[2]); await import('./program.js');";
    reader.place("module.mjs", module);
    reader.connects(&format!("node module.mjs {}", reader.scene.file().display()));
}

#[test]
fn what_the_python_document_says_works() {
    let reader = Reader::of("python");
    reader.runs(&reader.block("install"));
    let url = format!("https://localhost:{}/", reader.scene.old.address().port());
    reader.place("program.py", &format!("import urllib.request\nurllib.request.urlopen('{url}')\n"));
    reader.connects(&reader.block("module"));
    for name in ["context", "pools"] {
        reader.place("example.py", &reader.block(name));
        reader.connects("python3 example.py");
    }
}

#[test]
fn the_java_adapter_passes_its_own_tests() {
    let reader = Reader::of("java");
    passed(&reader.runs(&reader.block("test")), &["6 passed, 0 failed"]);
}

#[test]
fn the_node_adapter_passes_its_own_tests() {
    let reader = Reader::of("node");
    for node in nodes() {
        let test = reader.block("test").replace("node --test", &format!("{} --test", node.display()));
        passed(&reader.runs(&test), &["pass 10\n", "fail 0\n"]);
    }
}

#[test]
fn the_python_adapter_passes_its_own_tests() {
    let reader = Reader::of("python");
    let ended = reader.bash(&reader.block("test"));
    // unittest speaks on standard error.
    passed(&ended.errors, &["Ran 12 tests", "\nOK\n"]);
    ended.success().unwrap();
}
