//! A long-running program on azure_iot_sdk, as its documentation has it: it never names a file, so OpenSSL's variables
//! decide. The crate makes a TLS context for each connection, and reads the file for it.

#![forbid(unsafe_code)]

use std::{
    error::Error,
    io::{self, BufRead as _, Write as _},
};

use azure_iot_sdk::{DeviceKeyTokenSource, IoTHubClient};

/// A device's key. The broker does not look at it.
const KEY: &str = "bm90IGEgc2VjcmV0";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut output = io::stdout();
    writeln!(output, "ready azure_iot_sdk 0.8")?;
    for line in io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        // The port is the crate's own: 8883.
        let ["connect", host, "8883"] = words.as_slice() else { return Err("not a command".into()) };
        writeln!(output, "{}", connect(host).await)?;
    }
    Ok(())
}

async fn connect(host: &str) -> String {
    let source = match DeviceKeyTokenSource::new(host, "device-1", KEY) {
        Ok(source) => source,
        Err(error) => return format!("failed {error:?}"),
    };
    match IoTHubClient::new(host, "device-1".into(), source).await {
        Ok(_) => "accepted".to_owned(),
        Err(error) => {
            let words = error.to_string().replace('\n', " ");
            let is_refusal = words.contains("certificate verify failed");
            format!("{} {words}", if is_refusal { "refused" } else { "failed" })
        }
    }
}
