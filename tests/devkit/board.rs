//! Tests of the boards themselves: that they are as strict as the platform is.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    thread,
    time::Duration,
};

use system_tests::board::{
    image::{BYTES_MAX, Image},
    kit::{Boot, Clock, Ending, Host, MEMORY_BYTES_MAX, Reach, Running},
};

use crate::{
    figures::Figures,
    scene::Scene,
    test::{Observation, Test, Tier, require},
};

/// The program that looks around.
const IMAGE: &str = "visitor";
/// How long a whole machine may take to boot and to end, on a machine that builds at the same time.
const PATIENCE: Duration = Duration::from_secs(120);
/// The first second of 2099.
const YEAR_2099: i64 = 4_070_908_800;
/// How far a clock may have gone on since it was set, in seconds.
const CLOCK_SECONDS_MAX: i64 = 120;
/// What the silent service says.
const GREETING: &str = "hello";

/// The tests of the boards.
pub(crate) const TESTS: [Test; 10] = [
    Test { name: "an image above the device's flash is refused", tier: Tier::Host, act: image_too_large },
    Test { name: "a program runs and says how it ended", tier: Tier::Fast, act: fast_runs },
    Test { name: "a program is started and heard", tier: Tier::Any, act: heard },
    Test { name: "the machine boots in 1970", tier: Tier::Strict, act: boots_at_1970 },
    Test { name: "the machine boots in 2099", tier: Tier::Strict, act: boots_at_2099 },
    Test { name: "a program above 256 KiB is killed", tier: Tier::Strict, act: memory_kills },
    Test { name: "a host of the manifest is reached", tier: Tier::Strict, act: served_host },
    Test { name: "a host that refuses is refused", tier: Tier::Strict, act: refused_host },
    Test { name: "a host that is dropped stays silent", tier: Tier::Strict, act: dropped_host },
    Test { name: "the mutable file alone is written, up to its size", tier: Tier::Strict, act: storage },
];

/// Starts the visitor and waits for its end.
fn visit(scene: &Scene, tier: Tier, mut boot: Boot, words: &[&str]) -> std::io::Result<(Running, Ending)> {
    boot.arguments = words.iter().map(|word| (*word).to_owned()).collect();
    let mut running = scene.board(tier).start(&scene.image(IMAGE)?, &boot)?;
    let ending = running.ending(PATIENCE)?;
    Ok((running, ending))
}

fn image_too_large(scene: &Scene, _: &mut Figures) -> Observation {
    let (visitor, folder) = (scene.image(IMAGE)?, scene.folder("too-large"));
    for (name, path) in visitor.files()? {
        let to = folder.join(name);
        fs::create_dir_all(to.parent().unwrap_or(&folder))?;
        fs::copy(path, to)?;
    }
    Image::open(&folder)?;
    File::create(folder.join("seed"))?.set_len(BYTES_MAX)?;
    match Image::open(&folder) {
        Ok(image) => Err(format!("an image of {} bytes was accepted", image.bytes()).into()),
        Err(error) => Ok(error.to_string().rsplit(": ").next().unwrap_or_default().to_owned()),
    }
}

fn fast_runs(scene: &Scene, _: &mut Figures) -> Observation {
    let (running, ending) = visit(scene, Tier::Fast, scene.boot("fast"), &["clock"])?;
    let seconds = running.wait_for(PATIENCE, clock)?;
    require(ending.code == 0, || format!("exit code {}", ending.code))?;
    Ok(format!("it ended with 0 and saw second {seconds}"))
}

fn heard(scene: &Scene, _: &mut Figures) -> Observation {
    let board = scene.board(Tier::Any);
    let running = board.start(&scene.image(IMAGE)?, &scene.boot("heard"))?;
    running.wait_for_line(PATIENCE, "here")?;
    Ok(format!("{} ran the program", board.name()))
}

/// Reads a line like `clock 12`.
fn clock(line: &str) -> Option<i64> {
    line.strip_prefix("clock ")?.parse().ok()
}

fn boots_at(scene: &Scene, name: &str, set: Clock, start: i64) -> Observation {
    let mut boot = scene.boot(name);
    boot.clock = set;
    let (running, _) = visit(scene, Tier::Strict, boot, &["clock"])?;
    let seconds = running.wait_for(PATIENCE, clock)?;
    let since = seconds - start;
    require((0..CLOCK_SECONDS_MAX).contains(&since), || format!("the clock shows {seconds}"))?;
    Ok(format!("the program sees second {seconds}"))
}

fn boots_at_1970(scene: &Scene, _: &mut Figures) -> Observation {
    boots_at(scene, "1970", Clock::Unset, 0)
}

fn boots_at_2099(scene: &Scene, _: &mut Figures) -> Observation {
    boots_at(scene, "2099", Clock::Seconds(YEAR_2099), YEAR_2099)
}

fn memory_kills(scene: &Scene, _: &mut Figures) -> Observation {
    let (running, ending) = visit(scene, Tier::Strict, scene.boot("memory"), &["hold", "65536"])?;
    require(ending.code == 0, || format!("64 KiB were not to be had: {}", running.lines().join("\n")))?;
    let small = ending.memory_peak_bytes.ok_or("the kernel told no memory.peak")?;
    require(small < MEMORY_BYTES_MAX, || format!("memory.peak is {small}, which tells nothing"))?;
    let bytes = MEMORY_BYTES_MAX.to_string();
    let (running, ending) = visit(scene, Tier::Strict, scene.boot("memory"), &["hold", &bytes])?;
    require(ending.code == 137, || format!("exit code {}: {}", ending.code, running.lines().join("\n")))?;
    Ok(format!("killed at {MEMORY_BYTES_MAX} bytes; with 65536 bytes held, the kernel charges {small}"))
}

/// What the visitor says of a host.
fn join(scene: &Scene, name: &str, reach: Reach) -> std::io::Result<Vec<String>> {
    let mut boot = scene.boot(name);
    boot.hosts = vec![Host { name: "allowed.example".to_owned(), port: 443, reach }];
    let (running, _) = visit(scene, Tier::Strict, boot, &["connect", "allowed.example", "443"])?;
    Ok(running.lines())
}

fn expect_line(lines: &[String], line: &str) -> Observation {
    require(lines.iter().any(|heard| heard == line), || lines.join("\n"))?;
    Ok(line.to_owned())
}

/// A service on loopback that greets whoever comes.
fn greeter() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // A guest that is gone hears nothing, and the test says so.
            drop(stream.write_all(format!("{GREETING}\n").as_bytes()));
            drop(stream.read(&mut [0; 1]));
        }
    });
    Ok(address)
}

fn served_host(scene: &Scene, _: &mut Figures) -> Observation {
    let lines = join(scene, "served", Reach::Served(greeter()?))?;
    expect_line(&lines, "allowed.example reached")?;
    expect_line(&lines, &format!("allowed.example says {GREETING}"))
}

fn refused_host(scene: &Scene, _: &mut Figures) -> Observation {
    expect_line(&join(scene, "refused", Reach::Refused)?, "allowed.example refused")
}

fn dropped_host(scene: &Scene, _: &mut Figures) -> Observation {
    expect_line(&join(scene, "dropped", Reach::Dropped)?, "allowed.example silent")
}

fn storage(scene: &Scene, _: &mut Figures) -> Observation {
    let size = scene.image(IMAGE)?.storage_kib() * 1024;
    let lines = |words: &[&str]| {
        visit(scene, Tier::Strict, scene.boot("storage"), words).map(|(running, _)| running.lines())
    };
    expect_line(&lines(&["open", "/board/other"])?, "open denied")?;
    expect_line(&lines(&["open", "/tmp/other"])?, "open denied")?;
    let told = lines(&["write", &(2 * size).to_string()])?;
    // 28 is ENOSPC.
    expect_line(&told, &format!("wrote {size} errno=28"))?;
    expect_line(&told, "synced 0")?;
    // Another boot of the same board finds what was synced.
    expect_line(&lines(&["count"])?, &format!("mutable {size}"))
}
