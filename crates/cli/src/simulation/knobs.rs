//! The knobs of a report's page: the simulator as WebAssembly, with everything that it needs.

use aws_smithy_types::base64;
use flate2::Compression;
use flate2::write::GzEncoder;
use simulator::{Experiment, Knobs, Share, list_knobs, public_definition};

use super::{Input, scenario_failure};
use crate::failure::{Failure, Result};
use crate::workshop::workshop;

/// Maximum size of a packed experiment in bytes: with the simulator and the report, the page stays below 3 MB.
const LARGEST: usize = 1_200_000;

/// Returns the knobs for the page of a simulation, with the share that an argument requires. `None`, and a note, if
/// there are none.
pub(crate) fn find_knobs(input: &Input, required: Option<f64>) -> Result<Option<Knobs>> {
    let note = |text: &str| input.ui.note(text);
    let Some(definition) = public_definition(&input.stack) else {
        return Ok(None);
    };
    let experiment = Experiment {
        definition,
        service: input.service.clone(),
        assumed: input.assumed.clone(),
        seed: input.seed,
        required: required.map(Share),
        load_name: input.load_name.clone(),
        load: input.load.clone(),
        command: input.command(),
    };
    let Some(module) = workshop().find_simulator(&note)? else {
        return Ok(None);
    };
    let packed = pack(&experiment)?;
    if packed.len() > LARGEST {
        note("the page has no knobs, because the load is too large for a page");
        return Ok(None);
    }
    let simulation = input.simulation(required);
    let scenario = simulation.scenario().map_err(scenario_failure)?;
    Ok(Some(Knobs {
        list: list_knobs(&simulation, &scenario),
        module: base64::encode(module),
        experiment: base64::encode(packed),
    }))
}

/// JSON, packed with gzip.
fn pack(experiment: &Experiment) -> Result<Vec<u8>> {
    let failed = |error: String| Failure::failed(format!("failed to pack the load: {error}"));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    serde_json::to_writer(&mut gzip, experiment).map_err(|error| failed(error.to_string()))?;
    gzip.finish().map_err(|error| failed(error.to_string()))
}
