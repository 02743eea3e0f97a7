//! RUNBOOKS.md as data: its sections, and the commands of each with the exit codes that it promises.

use crate::kit::World;

const TEXT: &str = include_str!("../../RUNBOOKS.md");

/// Name of the section that the others start from.
pub(crate) const START: &str = "A new fleet";

/// One command of a runbook.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) line: String,
    pub(crate) code: i32,
}

/// Names of all sections with commands.
pub(crate) fn sections() -> Vec<&'static str> {
    TEXT.split("\n## ").skip(1).filter_map(|section| section.lines().next()).collect()
}

/// The commands of a section.
pub(crate) fn steps(section: &str) -> Vec<Step> {
    let text = TEXT
        .split("\n## ")
        .find(|text| text.lines().next() == Some(section))
        .expect("a section of that name");
    let block = text.split("```console\n").nth(1).expect("a block of commands").split("```").next().unwrap();
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("$ ") {
            let mut whole = command.to_owned();
            if command.contains("<<'END'") {
                for inside in lines.by_ref() {
                    whole.push('\n');
                    whole.push_str(inside);
                    if inside == "END" {
                        break;
                    }
                }
            }
            steps.push(Step { line: whole, code: 0 });
        } else if let Some(code) = line.strip_prefix("exit ") {
            steps.last_mut().expect("a command above").code = code.parse().expect("a number");
        } else {
            assert!(line.is_empty() || line.starts_with('#'), "neither command nor comment: {line:?}");
        }
    }
    steps
}

/// Runs a section, each command with the exit code that it promises.
pub(crate) fn play(world: &World, section: &str) {
    for step in steps(section) {
        let said = world.shell(&step.line);
        assert_eq!(said.code, step.code, "{section}: {}\n{}\n{}", step.line, said.out, said.err);
    }
}

/// A world after *A new fleet*; made once in a process, copied for each test.
pub(crate) fn fleet() -> World {
    static FLEET: std::sync::OnceLock<World> = std::sync::OnceLock::new();
    let first = FLEET.get_or_init(|| {
        let world = World::kept("a-new-fleet");
        play(&world, START);
        world
    });
    first.copy()
}
