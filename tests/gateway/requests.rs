//! What the agent asks the published tree for, request by request.

use system_tests::web::{Fault, Request, Web};

use crate::scene::{Scene, TODAY};

fn log(web: &Web) -> Vec<String> {
    let line = |request: Request| format!("{} {}", request.status, request.path);
    web.take_requests().into_iter().map(line).collect()
}

#[test]
fn an_unchanged_check_is_one_request_of_at_most_200_bytes() {
    let scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    drop(web.take_requests());
    device.check(TODAY).unwrap().success().unwrap();
    let requests = web.take_requests();
    let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["prod/head"]);
    assert!(requests[0].body_bytes <= 200, "{} bytes", requests[0].body_bytes);
}

#[test]
fn a_release_arrives_as_head_and_update() {
    let mut scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    scene.publish_both();
    drop(web.take_requests());
    device.check(TODAY).unwrap().success().unwrap();
    assert_eq!(log(&web), ["200 prod/head", "200 prod/update/1-2"]);
}

#[test]
fn without_the_update_the_release_and_the_missing_certificate_are_fetched() {
    let mut scene = Scene::new();
    let web = scene.web();
    let device = scene.device(&web.url("127.0.0.1"), "");
    device.check(TODAY).unwrap().success().unwrap();
    scene.publish_both();
    web.set_fault("prod/update/1-2", Some(Fault::NotFound));
    drop(web.take_requests());
    device.check(TODAY).unwrap().success().unwrap();
    let root = bundle::Sha256::of(&[scene.vendor.new_root.certificate()]);
    let blob = format!("200 prod/blob/{root}");
    assert_eq!(log(&web), ["200 prod/head", "404 prod/update/1-2", "200 prod/release/2", blob.as_str()]);
}
