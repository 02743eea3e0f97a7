//! Tests of the mutable file: whatever is found in it, whatever call fails, and whenever the power goes.

use std::{error::Error, io};

use system_tests::power::{self, Flaw};

use crate::{
    app::{Operation, REGION, mutable, operations},
    each::each,
    figures::Figures,
    found::Found,
    lab::{Lab, Root, put},
    own_bytes::OwnBytes,
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
const LEAVES: [&str; 7] = ["old", "new", "prefix", "zeros", "garbage", "mixed", "alone"];
/// How a storage operation fails.
const FAULTS: [&str; 3] = ["EIO", "EDQUOT", "SHORT"];
/// Where the two journal records begin in the file.
const RECORDS: [usize; 2] = [40_960, 49_152];
/// Bytes of a record in front of its CRC.
const RECORD_BYTES: usize = 7_650;

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

/// A fleet with an update, a board's file before it, and the operations in it.
fn update<'s>(scene: &'s Scene, name: &'static str) -> io::Result<(Lab<'s>, Vec<u8>, Vec<Operation>)> {
    let (mut lab, file) = Lab::prepared(scene, name)?;
    lab.publish(&[Root::Old, Root::New]);
    let boot = lab.boot("whole");
    put(&boot, &file)?;
    let app = lab.start(&boot)?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    let operations = app.operations()?;
    app.stop()?;
    Ok((lab, file, operations))
}

/// What a board holds after something went wrong, with `file` from before: one whole bundle, the old one or the new
/// one, no lower floor, and the app's own bytes but for the block that the app itself was writing. With all well again
/// the board starts on that very bundle, and comes to release 2.
fn is_whole_and_arrives(lab: &Lab<'_>, board: &str, file: &[u8]) -> Result<(), Box<dyn Error>> {
    let directory = lab.directory(board);
    let after = mutable(&directory)?;
    let (before, found) = (Found::of(file)?, Found::of(&after)?);
    let release = found.release_word();
    require(["0.1", "0.2"].contains(&release.as_str()), || format!("{found:?}"))?;
    require(found.floors.holds(&before.floors), || format!("{:?} after {:?}", found.floors, before.floors))?;
    let last_write = operations(&directory)?.into_iter().rfind(|operation| operation.is_write);
    let spoilt = last_write.map(|write| write.offset).filter(|offset| !REGION.contains(offset));
    OwnBytes::of(file).require_kept(&after, spoilt)?;
    let app = lab.start(&lab.boot(board))?;
    app.wait("ready", &[("release", &release)])?;
    app.wait("cycle", &[("release", "0.2"), ("phase", "confirmed")])?;
    app.stop()?;
    let ended = Found::of(&mutable(&directory)?)?;
    require(ended.floors.holds(&found.floors) && ended.release_word() == "0.2", || format!("{ended:?}"))
}

fn failures(scene: &Scene, _: &mut Figures) -> Observation {
    let (lab, file, operations) = update(scene, "failures")?;
    let each_fails = |operation: &Operation| {
        // A sync is never short.
        let kinds = FAULTS.iter().filter(|what| operation.is_write || **what != "SHORT");
        kinds.map(|what| format!("{}:{what}", operation.number)).collect::<Vec<_>>()
    };
    let mut cases: Vec<String> = operations.iter().flat_map(each_fails).collect();
    let single = cases.len();
    // And a medium that stays as it is.
    cases.extend(FAULTS.map(|what| format!("1+:{what}")));
    each(&cases, |case| {
        let board = format!("failing-{}", case.replace(':', "-"));
        let mut boot = lab.boot(&board);
        put(&boot, &file)?;
        boot.environment.push(("BOARD_FAIL".to_owned(), case.clone()));
        let app = lab.start(&boot)?;
        let cycle = app.wait("cycle", &[])?;
        require(["0.1", "0.2"].contains(&cycle.value("release")), || format!("{cycle:?}"))?;
        let told = (cycle.value("release"), cycle.value("reason"));
        match case.split_once("+:") {
            // The rest of a short write is written by the next call, which is what the system's rules are.
            Some((_, "SHORT")) => require(told == ("0.2", "confirmed"), || format!("{cycle:?}"))?,
            Some(_) => require(told == ("0.1", "store_failed"), || format!("{cycle:?}"))?,
            None => {}
        }
        app.stop()?;
        is_whole_and_arrives(&lab, &board, &file)
    })?;
    let count = operations.len();
    Ok(format!(
        "{count} operations failed in {single} ways one by one; a medium that always fails is store_failed"
    ))
}

fn cuts(scene: &Scene, _: &mut Figures) -> Observation {
    let (lab, file, operations) = update(scene, "cuts")?;
    let all = |operation: &Operation| LEAVES.map(|leaves| format!("{} {leaves}", operation.number));
    let cases: Vec<String> = operations.iter().flat_map(all).collect();
    each(&cases, |case| {
        let board = format!("cut-{}", case.replace(' ', "-"));
        let mut boot = lab.boot(&board);
        put(&boot, &file)?;
        let (number, leaves) = case.split_once(' ').unwrap_or((case, "mixed"));
        let variables = [("BOARD_CUT", number), ("BOARD_CUT_LEAVES", leaves), ("BOARD_SEED", number)];
        boot.environment.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut app = lab.start(&boot)?;
        let ending = app.ending()?;
        require(ending.code == POWER_FAILED, || format!("exit code {}:\n{}", ending.code, app.log()))?;
        is_whole_and_arrives(&lab, &board, &file)
    })?;
    Ok(format!(
        "{} operations of an update were cut, with {} outcomes each: one whole bundle, no floor back",
        operations.len(),
        LEAVES.len()
    ))
}

fn explored(_: &Scene, figures: &mut Figures) -> Observation {
    let found = power::explore(Flaw::None, 1);
    figures.power_states_explored = Some(found.states_explored);
    figures.power_states_lost = Some(found.states_lost);
    require(found.states_lost == 0 && found.states_explored >= 10_000, || format!("{found:?}"))?;
    Ok(format!("{} states, {} lost", found.states_explored, found.states_lost))
}
