//! A rotation like Azure's: the release arrives first, the services move, and applications notice nothing.

use std::error::Error;

use indicatif::ProgressBar;
use system_tests::applications::Mark;

use crate::{
    Arguments,
    cast::Cast,
    figures::Figures,
    scenery::{SERVICES, Scenery},
    step::{Observation, require},
};

/// Requests of each service that an application must make before what it does counts as observed.
const REQUESTS: usize = 3;

/// Where each application that must see no gap began.
type Marks = Vec<(&'static str, Mark, u32)>;

/// Moves all services to another root under running applications.
pub(crate) fn show(arguments: &Arguments, _: &mut Figures, bar: &ProgressBar) -> Observation {
    let mut lines = Vec::new();
    bar.set_message("the operator makes keys, a keyring and release 1");
    let scenery = Scenery::new(&arguments.as_of)?;
    lines.push(scenery.publish_first()?);
    lines.push(scenery.import_later()?);
    bar.set_message("the device takes its seed, and applications start");
    let gateway = scenery.gateway()?;
    let mut cast = Cast::start(&scenery, &gateway)?;
    let marks: Marks = cast
        .with_product()
        .map(|application| (application.name(), application.mark(), application.id()))
        .collect();
    for application in cast.everybody() {
        let tally = application.watch(&SERVICES, REQUESTS)?;
        require(tally.refused == 0, || format!("before the rotation, {}: {tally}", application.name()))?;
    }
    bar.set_message("release 2 brings the new roots, and reaches the device");
    lines.push(scenery.publish_second()?);
    lines.push(scenery.install(&gateway, 2)?);
    bar.set_message("the services move to the new root");
    scenery.move_services()?;
    for application in cast.without_product() {
        for service in SERVICES {
            application.wait_until(service, false)?;
        }
    }
    lines.push(
        "control run: curl and the sample application with yesterday's roots fail on all three services"
            .into(),
    );
    for application in cast.with_product() {
        application.watch(&SERVICES, REQUESTS)?;
    }
    bar.set_message("release 3 retires the old roots, and reaches the device");
    lines.push(scenery.publish_third()?);
    lines.push(scenery.install(&gateway, 3)?);
    for application in cast.with_product() {
        application.watch(&SERVICES, REQUESTS)?;
    }
    lines.extend(without_a_gap(&mut cast, &marks)?);
    bar.set_message("somebody serves a chain of the retired root");
    refused(&scenery, &cast)?;
    lines.push("a chain of the retired root is refused by both applications".into());
    lines.insert(0, format!("as of {}: three services moved to another root without a gap", arguments.as_of));
    Ok(lines.join("\n"))
}

/// Not one refused request, and the processes are those that were started.
fn without_a_gap(cast: &mut Cast, marks: &Marks) -> Result<Vec<String>, Box<dyn Error>> {
    let mut lines = Vec::new();
    for (application, (name, mark, id)) in cast.with_product_mut().zip(marks) {
        let tally = application.tally_since(*mark, &SERVICES);
        require(tally.refused == 0, || format!("{name} saw a gap: {tally}"))?;
        require(application.is_running() && application.id() == *id, || format!("{name} was restarted"))?;
        lines.push(format!("{name}, process {id}, never restarted: {tally}"));
    }
    Ok(lines)
}

/// The retired root comes back to one service: both applications refuse it, and go on when it is gone.
fn refused(scenery: &Scenery, cast: &Cast) -> Result<(), Box<dyn Error>> {
    let service = SERVICES[0];
    scenery.serve_old(service)?;
    for application in cast.with_product() {
        application.wait_until(service, false)?;
    }
    scenery.serve_new(service)?;
    for application in cast.with_product() {
        application.wait_until(service, true)?;
    }
    Ok(())
}
