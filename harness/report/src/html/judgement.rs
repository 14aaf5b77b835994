//! Why a run came out as it did: reasons, budgets, findings, steps.

use ramscope_model::{
    BudgetResult, BudgetState, Failure, Judged, Outcome, Standing, StepOutcome, counted,
    format_value,
};

use super::class_of;
use super::text::{prose, text, time};
use crate::detail::judgement::{budget_rows, budget_word, nearest_to_its_limit};
use crate::style::clean;

/// Past so many rows only what is not met is shown.
const ROWS_MAX: usize = 64;

/// What is wrong, what cannot be said, and what to do next.
pub(super) fn reasons(judged: &Judged) -> String {
    let verdict = &judged.verdict;
    let path = &judged.facts.run.scenario.path;
    let failures: String =
        verdict.failures.iter().map(|failure| failure_item(path, failure)).collect();
    let doubts: String = verdict
        .doubts
        .iter()
        .map(|doubt| format!("<li class=\"doubt\">{}</li>", prose(doubt)))
        .collect();
    let class = match verdict.outcome {
        Outcome::Pass => return replay(judged),
        Outcome::Fail | Outcome::TimedOut => "bad",
        _ => "doubt",
    };
    let items = match failures.is_empty() && doubts.is_empty() {
        true => format!("<li>{}</li>", prose(&verdict.sentence)),
        false => failures + &doubts,
    };
    format!("<ul class=\"reasons {class}\">{items}</ul>{}", replay(judged))
}

fn failure_item(path: &str, failure: &Failure) -> String {
    let place = failure.line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}"));
    let at = failure.at.map_or_else(String::new, |at| format!(" <small>at {}</small>", time(at)));
    let subject = failure.subject.strip_prefix("finding ").unwrap_or(&failure.subject);
    format!(
        "<li><b>{}</b>{at}<dl><dt>expected</dt><dd>{}</dd><dt>observed</dt><dd>{}</dd>\
         <dt>where</dt><dd><code>{}</code></dd></dl></li>",
        text(subject),
        prose(&failure.expected),
        prose(&failure.observed),
        text(&place)
    )
}

fn replay(judged: &Judged) -> String {
    format!(
        "<p class=\"replay\"><span>replay</span><code>{}</code>\
         <button type=\"button\" class=\"js\" data-copy>copy</button></p>",
        text(&judged.facts.replay)
    )
}

/// All budgets with what is left.
pub(super) fn budgets(results: &[BudgetResult]) -> String {
    if results.is_empty() {
        return "<p class=\"none\">The scenario has none.</p>".to_owned();
    }
    let rows = budget_rows(results).into_iter().enumerate();
    let (shown, hidden): (Vec<_>, Vec<_>) =
        rows.partition(|(index, row)| *index < ROWS_MAX || row[0].state != BudgetState::Met);
    let rows: String = shown.iter().map(|(_, row)| budget_row(row)).collect();
    let more = match hidden.len() {
        0 => String::new(),
        n => format!("<p class=\"none\">and {} that hold</p>", counted(n as u64, "other result")),
    };
    format!(
        "<div class=\"scroll\"><table><thead><tr><th>budget</th><th></th><th>subject</th>\
         <th class=\"n\">observed</th><th></th><th class=\"n\">demand</th>\
         <th class=\"n\">headroom</th><th class=\"n\">line</th></tr></thead>\
         <tbody>{rows}</tbody></table></div>{more}"
    )
}

fn budget_row(results: &[&BudgetResult]) -> String {
    let result = nearest_to_its_limit(results);
    let (word, meaning) = budget_word(result);
    let class = class_of(meaning);
    let subject = match results {
        [_] => text(&result.name),
        several => format!("{} <small>({})</small>", text(&result.base_name), several.len()),
    };
    let headroom = result.headroom().map(|left| format_value(result.metric, left));
    format!(
        "<tr><th scope=\"row\"><code>{}</code></th><td><span class=\"badge {class}\">{}</span></td>\
         <td>{subject}</td><td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        text(result.id.as_str()),
        text(word),
        prose(&result.observation()),
        budget_bar(result, class),
        text(&result.demand()),
        headroom.map_or_else(|| "–".to_owned(), |left| text(&left)),
        result.line,
    )
}

/// How much of an upper bound is used.
fn budget_bar(result: &BudgetResult, class: &str) -> String {
    let share = match (result.observed, result.bound_name()) {
        (Some(observed), "upper") => observed.saturating_mul(100).checked_div(result.limit),
        (Some(observed), _) => result.limit.saturating_mul(100).checked_div(observed),
        (None, _) => None,
    };
    let Some(share) = share.map(|share| share.min(100)) else { return String::new() };
    format!(
        "<span class=\"bar {class}\" aria-hidden=\"true\"><i style=\"width:{share}%\"></i></span>"
    )
}

/// Everything that was noticed.
pub(super) fn findings(judged: &Judged) -> String {
    let findings = &judged.verdict.findings;
    if findings.is_empty() {
        return "<p class=\"none\">Nothing was noticed.</p>".to_owned();
    }
    let items = findings.iter().map(|finding| {
        let (word, class) = match finding.standing {
            Standing::Fails => ("fails", "bad"),
            Standing::Expected => ("expected", "good"),
            Standing::Allowed => ("allowed", "quiet"),
            Standing::Noted => ("noted", "doubt"),
        };
        format!(
            "<li>{} <span class=\"badge {class}\">{word}</span> <code>{}</code> {}</li>",
            time(finding.at),
            finding.kind.id(),
            prose(&finding.sentence)
        )
    });
    format!("<ul class=\"findings\">{}</ul>", items.collect::<String>())
}

/// The faults that the scenario asked for, and what they did; nothing if it asked for none.
pub(super) fn faults(judged: &Judged) -> String {
    let items = judged.verdict.faults.iter().map(|fault| {
        let instants = match (fault.began, fault.ended) {
            (None, _) => String::new(),
            (Some(began), None) => time(began) + " ",
            (Some(began), Some(ended)) => format!("{} to {} ", time(began), time(ended)),
        };
        let effect = match fault.effect.is_empty() {
            true => String::new(),
            false => format!("; {}", prose(&fault.effect)),
        };
        format!("<li>{instants}{}{effect}</li>", prose(&fault.what))
    });
    let items: String = items.collect();
    if items.is_empty() { items } else { format!("<ul class=\"findings\">{items}</ul>") }
}

/// The steps with their instants.
pub(super) fn steps(judged: &Judged) -> String {
    let rows = judged.verdict.steps.iter().map(|step| {
        let class = match step.outcome {
            StepOutcome::Done => "good",
            StepOutcome::Failed | StepOutcome::TimedOut => "bad",
            StepOutcome::Unfinished => "doubt",
            StepOutcome::Skipped | StepOutcome::NotReached => "quiet",
        };
        let instant = |at: Option<_>| at.map_or_else(|| "–".to_owned(), time);
        let took = match (step.began, step.ended) {
            (Some(began), Some(ended)) => clean(&ended.since(began).to_string()),
            _ => "–".to_owned(),
        };
        format!(
            "<tr><th scope=\"row\">{}</th><td><span class=\"badge {class}\">{}</span></td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{took}</td><td>{}</td>\
             <td class=\"n\">{}</td></tr>",
            text(&step.label),
            step.outcome.name(),
            instant(step.began),
            instant(step.ended),
            prose(&step.detail),
            step.line,
        )
    });
    format!(
        "<div class=\"scroll\"><table><thead><tr><th>step</th><th></th><th class=\"n\">began</th>\
         <th class=\"n\">ended</th><th class=\"n\">took</th><th></th><th class=\"n\">line</th></tr>\
         </thead><tbody>{}</tbody></table></div>",
        rows.collect::<String>()
    )
}
