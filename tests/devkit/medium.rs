//! Tests of the mutable file: whatever is found in it, whatever call fails, and whenever the power goes.

use std::{error::Error, io, path::Path, sync::Mutex, thread};

use system_tests::power::{self, Flaw};

use crate::{
    app::REGION,
    figures::Figures,
    lab::{Lab, Root, mutable, put},
    scene::Scene,
    test::{Observation, Test, Tier, require},
};

/// The tests of the mutable file.
pub(crate) const TESTS: [Test; 4] = [
    Test {
        name: "whatever the mutable file holds, the app starts on a whole bundle",
        tier: Tier::Fast,
        act: contents,
    },
    Test { name: "a failed storage call keeps the bundle", tier: Tier::Fast, act: failures },
    Test { name: "a power cut leaves the old bundle or the new one", tier: Tier::Fast, act: cuts },
    Test { name: "no state after two power cuts is lost", tier: Tier::Host, act: explored },
];

/// The exit code of a board whose power failed.
const POWER_FAILED: i32 = 86;
/// What a power cut leaves of what was not synced.
const LEAVES: [&str; 6] = ["old", "new", "prefix", "zeros", "garbage", "mixed"];
/// Runs at the same time: the machine has two processors.
const THREADS: usize = 2;
/// Where the two journal records begin in the file.
const RECORDS: [usize; 2] = [40_960, 49_152];
/// Bytes of a record in front of its CRC.
const RECORD_BYTES: usize = 7_650;

/// The bytes that are the app's own.
fn own_bytes(directory: &Path) -> io::Result<[Vec<u8>; 2]> {
    let file = mutable(directory)?;
    let behind = file.get(REGION.end..).unwrap_or_default().to_vec();
    Ok([file.get(..REGION.start).unwrap_or(&file).to_vec(), behind])
}

fn contents(scene: &Scene, _: &mut Figures) -> Observation {
    let (mut lab, first) = Lab::prepared(scene, "contents")?;
    lab.publish(&[Root::Old, Root::New]);
    let boot = lab.boot("installed");
    let app = lab.start(&boot)?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    let installed = mutable(&boot.directory)?;
    let noise: Vec<u8> = (0_u32..65_536).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    // What is found, what the first check then says, and whether it still installs.
    let cases: [(&str, Vec<u8>, &str, bool); 6] = [
        ("empty", Vec::new(), "", true),
        ("short", first.get(..100).unwrap_or_default().to_vec(), "", true),
        ("cut off inside the region", installed.get(..12_000).unwrap_or_default().to_vec(), "", true),
        ("noise", noise, "store_lost", true),
        ("newer", changed(&installed, |record| record[4] = 2), "store_newer_format", false),
        ("another channel's", changed(&installed, |record| record[64] ^= 1), "store_of_other_channel", false),
    ];
    let mut seen = Vec::new();
    for (name, file, reason, installs) in cases {
        let boot = lab.boot(name);
        put(&boot, &file)?;
        let app = lab.start(&boot)?;
        let ready = app.wait("ready", &[])?;
        let cycle = app.wait("cycle", &[])?;
        if !reason.is_empty() {
            let told = [ready.value("reason"), cycle.value("reason")];
            require(told.contains(&reason), || format!("{name}: {told:?}, and not {reason}"))?;
        }
        if installs {
            require(ready.value("release") == "0.1", || format!("{name}: {ready:?}"))?;
            if !cycle.is_confirmed("0.2") {
                app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
            }
        }
        app.stop()?;
        if !installs {
            let said = [ready.value("reason"), cycle.value("reason")];
            require(said == [reason; 2], || format!("{name}: {said:?}, and not {reason}"))?;
            require([&ready, &cycle].iter().all(|line| line.value("phase") == "seed"), || {
                format!("{cycle:?}")
            })?;
            let after = mutable(&boot.directory)?;
            require(after.get(REGION) == file.get(REGION), || format!("{name}: the region was written"))?;
        }
        seen.push(format!("{name}: {} {}", ready.value("reason"), cycle.value("reason")));
    }
    Ok(seen.join("; "))
}

/// A file whose records are changed and whole again.
fn changed(file: &[u8], change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut file = file.to_vec();
    for start in RECORDS {
        let Some(record) = file.get_mut(start..start + RECORD_BYTES + 4) else { continue };
        if record.starts_with(b"TBST") {
            change(record);
            let sum = crc(&record[..RECORD_BYTES]);
            record[RECORD_BYTES..].copy_from_slice(&sum.to_le_bytes());
        }
    }
    file
}

/// CRC-32/ISO-HDLC, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum)))
}

/// A fleet with an update, a board's file before it, and the numbers of the agent's operations in it.
fn update<'s>(scene: &'s Scene, name: &'static str) -> io::Result<(Lab<'s>, Vec<u8>, Vec<u64>)> {
    let (mut lab, file) = Lab::prepared(scene, name)?;
    lab.publish(&[Root::Old, Root::New]);
    let boot = lab.boot("whole");
    put(&boot, &file)?;
    let app = lab.start(&boot)?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    let last = app.operations()?.last().map_or(0, |operation| operation.number);
    app.stop()?;
    Ok((lab, file, (1..=last).collect()))
}

/// Does something for each number, on as many threads as the machine has processors; every complaint is heard.
fn each(numbers: &[u64], act: impl Fn(u64) -> Result<(), Box<dyn Error>> + Sync) -> Result<(), String> {
    let complaints = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for part in 0..THREADS {
            let (act, complaints) = (&act, &complaints);
            scope.spawn(move || {
                for number in numbers.iter().skip(part).step_by(THREADS) {
                    if let Err(error) = act(*number)
                        && let Ok(mut complaints) = complaints.lock()
                    {
                        complaints.push(format!("operation {number}: {error}"));
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().map_err(|error| error.to_string())?;
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
}

/// With all well again, a board comes to release 2.
fn arrives(lab: &Lab<'_>, board: &str) -> Result<(), Box<dyn Error>> {
    let app = lab.start(&lab.boot(board))?;
    let ready = app.wait("ready", &[])?;
    require(["0.1", "0.2"].contains(&ready.value("release")), || format!("{ready:?}"))?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    Ok(())
}

fn failures(scene: &Scene, _: &mut Figures) -> Observation {
    let (lab, file, numbers) = update(scene, "failures")?;
    each(&numbers, |number| {
        let board = format!("failing-{number}");
        let mut boot = lab.boot(&board);
        put(&boot, &file)?;
        let what = if number % 2 == 0 { "EIO" } else { "EDQUOT" };
        boot.environment.push(("BOARD_FAIL".to_owned(), format!("{number}:{what}")));
        let app = lab.start(&boot)?;
        let cycle = app.wait("cycle", &[])?;
        require(["0.1", "0.2"].contains(&cycle.value("release")), || format!("{cycle:?}"))?;
        app.stop()?;
        arrives(&lab, &board)?;
        let (own, expected) = (own_bytes(&boot.directory)?, file.get(..17).unwrap_or_default());
        require(own[0].starts_with(expected), || "the app's own bytes changed".to_owned())
    })?;
    // A quota that stays full.
    let mut boot = lab.boot("full");
    put(&boot, &file)?;
    boot.environment.push(("BOARD_FAIL".to_owned(), "1+:EDQUOT".to_owned()));
    let app = lab.start(&boot)?;
    let cycle = app.wait("cycle", &[("release", "0.1")])?;
    let reason = cycle.value("reason").to_owned();
    app.stop()?;
    require(reason == "store_failed", || format!("a full quota is {reason}"))?;
    arrives(&lab, "full")?;
    Ok(format!("{} operations failed one by one; a full quota is {reason}", numbers.len()))
}

fn cuts(scene: &Scene, _: &mut Figures) -> Observation {
    let (lab, file, numbers) = update(scene, "cuts")?;
    each(&numbers, |number| {
        let board = format!("cut-{number}");
        let mut boot = lab.boot(&board);
        put(&boot, &file)?;
        let leaves = usize::try_from(number).ok().and_then(|number| LEAVES.get(number % LEAVES.len()));
        let variables = [
            ("BOARD_CUT", number.to_string()),
            ("BOARD_CUT_LEAVES", leaves.copied().unwrap_or("mixed").to_owned()),
            ("BOARD_SEED", number.to_string()),
        ];
        boot.environment.extend(variables.map(|(name, value)| (name.to_owned(), value)));
        let mut app = lab.start(&boot)?;
        let ending = app.ending()?;
        require(ending.code == POWER_FAILED, || format!("exit code {}:\n{}", ending.code, app.log()))?;
        arrives(&lab, &board)
    })?;
    Ok(format!("{} operations of an update were cut, and each board came to the new release", numbers.len()))
}

fn explored(_: &Scene, figures: &mut Figures) -> Observation {
    let found = power::explore(Flaw::None, 1);
    figures.power_states_explored = Some(found.states_explored);
    figures.power_states_lost = Some(found.states_lost);
    require(found.states_lost == 0 && found.states_explored >= 10_000, || format!("{found:?}"))?;
    Ok(format!("{} states, {} lost", found.states_explored, found.states_lost))
}
