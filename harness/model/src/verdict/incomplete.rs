//! What a recording that was cut or damaged leaves open.
//!
//! Such a recording still proves what it holds: a peak above its limit is above it whatever came
//! later. It does not prove that something was never there, nor that a bound held to the end.

use crate::verdict::budget::is_settled;
use crate::verdict::judge::Evidence;
use crate::verdict::{BudgetResult, BudgetState};

/// Why the recording is not all that there was; `None` if it is.
pub(super) fn reason(evidence: &Evidence<'_>) -> Option<String> {
    match (evidence.damage, &evidence.course.ended) {
        (Some(damage), _) => Some(format!("the capture is damaged: {damage}")),
        (None, None) => Some("the capture ends before the run did".to_owned()),
        (None, Some(_)) => None,
    }
}

/// Opens every budget again that the missing part could have decided otherwise.
pub(super) fn leave_open(budgets: &mut [BudgetResult]) {
    for result in budgets {
        let is_settled = match result.state {
            BudgetState::Met => is_settled(result.metric, result.bound, true),
            BudgetState::Exceeded => is_settled(result.metric, result.bound, false),
            BudgetState::NoSuchSubject { .. } => false,
            BudgetState::Skipped { .. } | BudgetState::Inconclusive { .. } => true,
        };
        if !is_settled {
            result.state = BudgetState::Inconclusive {
                reason: "a part of the capture is missing, which could change it".to_owned(),
            };
        }
    }
}
