//! The account of an exploration as an annotation: on the line of the scenario that asks for what some schedule
//! does not keep.

use ramscope_report::annotation;

use super::account::Account;
use super::text::{heading, title};

/// One error if something fails, and nothing if not.
pub(super) fn annotations(account: &Account) -> String {
    let Some(found) = &account.found else { return String::new() };
    let title = format!("{}: {}", account.run, title(account.method));
    let message = format!(
        "{}\n{}\nagain: {}",
        found.sentence,
        heading(account.method, found),
        found.proof.again
    );
    annotation(&account.path, found.line, &title, &message)
}
