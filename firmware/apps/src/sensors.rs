//! Sensor and publisher as threads (seed 001, "Multithreading"): one acquires data, the other publishes
//! it, a bounded queue between them, and neither waits for the other unless it must.

use ramscope_kernel::mem::Arc;
use ramscope_kernel::sync::{Clearing, Flags, Queue, Wanted};
use ramscope_kernel::{Arguments, Error, Mutex, Span, println, thread};

/// A reading: a number, and the value in tenths of a degree.
type Reading = (u32, i32);

/// What the two threads and main share.
struct Station {
    readings: Queue<Reading, 4>,
    statistics: Mutex<Statistics>,
    events: Flags,
}

struct Statistics {
    published: u32,
    sum: i32,
    full: u32,
}

const DONE: u32 = 1;

fn sensor(station: &Station, count: u32) -> Result<(), Error> {
    for number in 0..count {
        // A saw-tooth is good enough as a sensor.
        let reading = (number, 215 + (number % 7) as i32);
        if let Err(refused) = station.readings.try_send(reading) {
            station.statistics.lock()?.full += 1;
            station.readings.send(refused.value)?;
        }
        thread::sleep(Span::from_millis(20))?;
    }
    station.readings.close();
    Ok(())
}

fn publisher(station: &Station) -> Result<(), Error> {
    loop {
        match station.readings.receive() {
            Ok((number, value)) => {
                println!("published {number}: {}.{} C", value / 10, value % 10);
                let mut statistics = station.statistics.lock()?;
                statistics.published += 1;
                statistics.sum += value;
            }
            Err(Error::Closed) => break,
            Err(error) => return Err(error),
        }
        // The network is slower than the sensor, sometimes.
        thread::sleep(Span::from_millis(25))?;
    }
    station.events.set(DONE);
    Ok(())
}

pub(crate) fn run(arguments: Arguments<'_>) -> Result<(), Error> {
    let count = arguments.number("count", 20);
    let station = Arc::new(Station {
        readings: Queue::named("readings"),
        statistics: Mutex::named("statistics", Statistics { published: 0, sum: 0, full: 0 }),
        events: Flags::named("events"),
    })?;
    let (for_sensor, for_publisher) = (station.clone(), station.clone());
    let builder = |name| thread::Builder::new(name).stack_bytes(2048);
    let sensor = builder("sensor").spawn(move || sensor(&for_sensor, count))?;
    let publisher = builder("publisher").spawn(move || publisher(&for_publisher));
    let publisher = match publisher {
        Ok(publisher) => publisher,
        Err(error) => {
            // Nobody would ever take what the sensor sends.
            sensor.request_exit();
            return sensor.join().and(Err(error));
        }
    };
    station.events.wait(Wanted::All(DONE), Clearing::Clear)?;
    sensor.join()?;
    publisher.join()?;
    let Statistics { published, sum, full } = *station.statistics.lock()?;
    println!("sensors: {published} published, sum {sum}, queue full {full} times");
    Ok(())
}
