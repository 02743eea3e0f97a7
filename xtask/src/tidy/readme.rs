//! The tasks that the README tells people to run: each is a command that there is, with flags that it has.

use std::fs;

use crate::{cli, workspace};

/// How a line of a task begins.
const START: &str = "cargo xtask ";

/// The words of the tasks in a text's blocks of code; a comment ends a line.
fn tasks(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().filter(|line| line.starts_with(START));
    let words = |line| str::split(line, '#').next().unwrap_or_default().split_whitespace().skip(1).collect();
    lines.map(words).collect()
}

#[test]
fn every_task_of_the_readme_can_be_run_as_it_stands() {
    let text = fs::read_to_string(workspace::root().join("README.md")).unwrap();
    let tasks = tasks(&text);
    assert!(tasks.len() > 10, "{} tasks in the README", tasks.len());
    for task in tasks {
        assert!(cli::is_command(&task), "no such command: cargo {}", task.join(" "));
    }
}

#[test]
fn a_task_that_is_none_is_seen() {
    assert!(cli::is_command(&tasks("cargo xtask dist --target armv7   # for one")[0]));
    assert!(!cli::is_command(&tasks("cargo xtask dist --target sparc")[0]));
    assert!(!cli::is_command(&tasks("cargo xtask distribute")[0]));
}
