//! The account of an exploration as Markdown, for the summary of a job or a comment.

use super::account::{Account, Found, Shown};
use super::text::{COLUMNS, facts, heading, nothing_found, proven, row, title};

/// All of it; the last block is the command that shows the smallest failing schedule again.
pub(super) fn markdown(account: &Account) -> String {
    let title = title(account.method);
    let mut text = format!("## {}: {title}\n\n| | |\n|---|---|\n", plain(&account.run));
    for (label, words) in facts(account) {
        text += &format!("| {label} | {} |\n", plain(&words));
    }
    text += "\n";
    match &account.found {
        None => text += &format!("{}\n", nothing_found(account).replace('\n', " ")),
        Some(found) => text += &found_text(&heading(account.method, found), found),
    }
    text
}

fn found_text(heading: &str, found: &Found) -> String {
    let mut text = format!("**{heading}:** {}\n\n", plain(&found.sentence));
    if !found.switches.is_empty() {
        text += &format!("| {} |\n|--:|---|---|---|\n", COLUMNS.join(" | "));
        found.switches.iter().for_each(|switch| text += &switch_row(switch));
        text += "\n";
    }
    text + &format!("{}\n\n```\n{}\n```\n", plain(&proven(&found.proof)), found.proof.again)
}

fn switch_row(switch: &Shown) -> String {
    let [after, from, to, place] = row(switch);
    format!("| {after} | {} | {} | {} |\n", plain(&from), plain(&to), place.replace('|', "\\|"))
}

/// Words that mean nothing to Markdown.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if "\\`*_{}[]<>#|~".contains(letter) {
            plain.push('\\');
        }
        plain.push(letter);
    }
    plain
}
