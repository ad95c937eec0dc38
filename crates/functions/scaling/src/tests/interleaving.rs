//! Two invocations at once, without anything that serializes them: their calls in every order, and each can crash
//! at any call.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::baton::{Baton, Turn};
use super::cloud::{invoke_as, policy_of};
use super::world::{OUT, Shared, event, re_evaluate, world};
use crate::Policy;

/// More calls than an invocation makes.
const ALL_CALLS: usize = 9;

/// Runs one invocation in a separate thread, because its calls wait for their turn.
fn run(world: &Shared, policy: &Policy, event: Value, turn: Arc<Turn>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(invoke_as(world, policy, event, turn));
}

fn both(world: &Shared, policy: &Policy, events: [&Value; 2], order: &[usize], calls: [usize; 2]) {
    let baton = Baton::new(order.iter().copied(), 2);
    std::thread::scope(|scope| {
        for (index, (event, calls)) in events.into_iter().zip(calls).enumerate() {
            let (baton, turn) = (Arc::clone(&baton), baton.turn(index, calls));
            scope.spawn(move || {
                run(world, policy, event.clone(), turn);
                baton.end(index);
            });
        }
    });
}

fn calls() -> impl Strategy<Value = usize> {
    prop_oneof![2 => Just(ALL_CALLS), 1 => 0..ALL_CALLS]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn never_steps_twice(
        order in prop::collection::vec(0usize..2, 2 * ALL_CALLS),
        rules in any::<[bool; 2]>(), dies in [calls(), calls()],
    ) {
        let policy = policy_of(&json!({"max": 9}));
        let world = world(1);
        let message = world.lock().unwrap().ring(OUT, "ALARM");
        let message = event(&[&message]);
        let rule = re_evaluate();
        let events = rules.map(|rule_asks| if rule_asks { &rule } else { &message });

        both(&world, &policy, events, &order, dies);
        let after = world.lock().unwrap().desired();
        prop_assert!(after <= 2, "{:?}", world.lock().unwrap());

        // Lambda retries the failed invocation, and the next minute comes: then the step is applied, once.
        world.lock().unwrap().pause(20);
        run(&world, &policy, rule.clone(), Turn::always());
        prop_assert_eq!(world.lock().unwrap().desired(), 2);
        world.lock().unwrap().pause(600);
        run(&world, &policy, message.clone(), Turn::always());
        prop_assert_eq!(world.lock().unwrap().desired(), 2);
    }
}
