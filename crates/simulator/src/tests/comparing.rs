use super::*;
use crate::{Progress, compare, survey};

/// All policies have the same messages, and the result shows the purpose of the simulation: with bursts, the
/// articles' policy often misses the objective, and costs far more than necessary.
#[test]
fn bursts_break_the_promise_of_those_who_look_back() {
    let scenario = Scenario {
        processing: Distribution::Exponential(Duration::from_secs(2)),
        visibility_timeout: Duration::from_secs(120),
        ..scenario()
    };
    let load = Load::generate("mmpp:rates=1/s|15/s,stays=50m|10m,for=2d").unwrap();
    let own = survey(&scenario, &load, 1, &Progress::none()).unwrap();
    let compared = compare(&scenario, &load, 1, &own, &Progress::none()).unwrap();
    let sent: Vec<u64> = compared
        .iter()
        .map(|one| one.outcome.messages.sent)
        .collect();
    assert!(sent.iter().all(|count| *count == sent[0]), "{sent:?}");
    let find = |name: &str| {
        &compared
            .iter()
            .find(|one| one.name.contains(name))
            .unwrap()
            .outcome
    };
    let (copilot, ideal) = (find("Copilot"), find("ideal (hindsight)"));
    assert!(ideal.within_objective > 0.995, "{}", ideal.within_objective);
    assert!(
        copilot.within_objective < 0.95,
        "{}",
        copilot.within_objective
    );
    let tasks = |outcome: &RunOutcome| outcome.cost.of(crate::BillItem::Tasks);
    assert!(tasks(copilot) > 1.2 * tasks(ideal));
    assert!(find("fixed").within_objective > copilot.within_objective);
}
