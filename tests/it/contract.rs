//! The channel contract: rules that every channel follows, tested for each channel against its own network.

mod bridge;
mod discord;
mod email;
mod telegram;
mod webform;

use std::time::Duration;

use async_trait::async_trait;
use hotline_channels::KINDS;
use hotline_tests::{
    peers::wait_until,
    service::Service,
    staff::{Staff, text},
};
use reqwest::multipart;

use crate::privacy::files_with;

/// A channel's network and its people.
#[async_trait]
trait World: Sized + Sync {
    const CHANNEL: &'static str;

    /// Starts the network. `base` is the URL at which the service will run.
    async fn start(base: &str) -> Self;

    /// Adds the line to the service's settings.
    fn set_up(&self, service: &mut Service);

    /// Waits until the network is connected to the service.
    async fn ready(&self) {}

    /// Sends a text from a person.
    async fn says(&mut self, who: Who, text: &str) -> Said;

    /// Sends a picture with this name from a person.
    async fn sends_picture(&mut self, who: Who, name: &str) -> Said;

    /// Delivers all messages of all people again, as if the service had never acknowledged them.
    async fn repeats(&mut self);

    /// Returns the texts that a person received.
    async fn told(&mut self, who: Who) -> Vec<String>;

    /// Returns the name and size of each file that a person received; `None` if the channel sends no files.
    async fn files(&mut self, who: Who) -> Option<Vec<(String, usize)>>;

    /// Returns whether the person sees that a reply is being written; `None` if the channel can't show that.
    async fn sees_typing(&mut self, who: Who) -> Option<bool>;

    /// Delivers the last message to a person back to the service, as if the person had written it. Returns false if the channel can't do
    /// that.
    async fn echoes(&mut self, who: Who) -> bool;

    /// Makes the network rate-limit the service until `lets` is called. Returns false if the service sends nothing over this channel.
    fn limits(&mut self) -> bool;

    fn lets(&mut self);

    /// Makes the network refuse all further messages to a person. Returns false if the network never refuses, or if the service sends
    /// nothing over this channel.
    fn refuses(&mut self, who: Who) -> bool;

    /// Returns words that must not appear in the log, besides the texts of messages.
    fn secrets(&self) -> Vec<String>;
}

/// One of two people with the same name, [`NAME`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Ana,
    Other,
}

const NAME: &str = "Imenjakovićka";

/// The fate of a message, as its writer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// The network or the service has stored the message.
    Kept,
    /// The message was rejected, and the writer knows.
    Refused,
    /// The service did not respond, and the writer knows.
    Down,
    /// The channel does not support such messages.
    Never,
}

/// A service with one channel, and Ana's messages so far.
struct Trial<W> {
    world: W,
    service: Service,
    staff: Staff,
    /// The reference of Ana's contact; empty before there is one.
    reference: String,
    said: Vec<String>,
}

async fn keeps_the_contract<W: World>() {
    let mut service = Service::new(None).unwrap();
    let world = W::start(&service.base()).await;
    world.set_up(&mut service);
    service.log_everything();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    world.ready().await;
    let mut trial = Trial {
        world,
        service,
        staff,
        reference: String::new(),
        said: Vec::new(),
    };
    trial.what_is_written_arrives_as_it_was_meant().await;
    trial.what_comes_again_is_known().await;
    trial.a_crash_loses_and_doubles_nothing().await;
    trial
        .what_is_written_while_we_are_down_arrives_or_its_writer_knows()
        .await;
    trial.what_cannot_be_written_down_stays_with_the_network().await;
    trial.an_answer_arrives_once_and_comes_back_as_nothing().await;
    trial
        .an_answer_takes_its_files_along_and_is_seen_being_written()
        .await;
    trial.an_answer_waits_as_long_as_the_network_asks().await;
    trial.two_people_of_one_name_are_two_contacts().await;
    trial.a_refusal_is_told_and_somebody_looks_again().await;
    trial.nothing_private_stands_in_the_logs();
}

impl<W: World> Trial<W> {
    async fn what_is_written_arrives_as_it_was_meant(&mut self) {
        self.ana_says("Pomozite 😭 молим вас 🏳️‍🌈").await;
        self.reference = text(&self.staff.until_contacts(1).await.unwrap()[0], "/reference").to_owned();
        self.settled().await;
        let long = format!("{}kraj", "čuvam te ".repeat(6_553));
        match self.world.says(Who::Ana, &long).await {
            Said::Kept => self.said.push(long),
            Said::Refused => {}
            other @ (Said::Down | Said::Never) => panic!("{other:?}"),
        }
        self.settled().await;
        match self.world.says(Who::Ana, "").await {
            Said::Kept => self.said.push(String::new()),
            Said::Refused => {}
            other @ (Said::Down | Said::Never) => panic!("{other:?}"),
        }
        self.settled().await;
        let name = "slika sa mora.png";
        match self.world.sends_picture(Who::Ana, name).await {
            Said::Kept => {
                self.said.push("slika".to_owned());
                self.settled().await;
                let said = self.staff.messages(&self.reference).await.unwrap();
                assert_eq!(text(said.last().unwrap(), "/attachments/0/name"), name);
            }
            Said::Never => {}
            other @ (Said::Down | Said::Refused) => panic!("{other:?}"),
        }
    }

    async fn what_comes_again_is_known(&mut self) {
        self.world.repeats().await;
        self.world.repeats().await;
        self.ana_says("posle ponavljanja").await;
        self.settled().await;
    }

    /// Kills the service at different times while Ana writes. The network then delivers everything again.
    async fn a_crash_loses_and_doubles_nothing(&mut self) {
        for round in 0..4 {
            self.ana_says(&format!("pred pad {round}")).await;
            tokio::time::sleep(Duration::from_millis(round * 40)).await;
            self.service.kill();
            self.service.start().await.unwrap();
            self.world.ready().await;
            self.staff = self.service.log_in("mila").await.unwrap();
            self.world.repeats().await;
        }
        self.ana_says("posle pada").await;
        self.settled().await;
    }

    async fn what_is_written_while_we_are_down_arrives_or_its_writer_knows(&mut self) {
        self.service.stop();
        let words = "dok vas nije bilo";
        let said = self.world.says(Who::Ana, words).await;
        self.service.start().await.unwrap();
        self.world.ready().await;
        self.staff = self.service.log_in("mila").await.unwrap();
        match said {
            Said::Kept => self.said.push(words.to_owned()),
            Said::Down => self.ana_says(words).await,
            other @ (Said::Refused | Said::Never) => panic!("{other:?}"),
        }
        self.settled().await;
    }

    /// While the service can't store a message, the message stays with the network, unacknowledged.
    async fn what_cannot_be_written_down_stays_with_the_network(&mut self) {
        self.service.stop();
        self.service.set_data_keys("reserve_mib = 1000000000").unwrap();
        self.service.start_unready().await.unwrap();
        self.world.ready().await;
        let words = "kad nema mesta";
        let said = self.world.says(Who::Ana, words).await;
        // This is long enough for every channel to fetch messages.
        tokio::time::sleep(Duration::from_secs(3)).await;
        self.service.stop();
        self.service.set_data_keys("").unwrap();
        self.service.start().await.unwrap();
        self.world.ready().await;
        self.staff = self.service.log_in("mila").await.unwrap();
        match said {
            Said::Kept => self.said.push(words.to_owned()),
            Said::Down => self.ana_says(words).await,
            other @ (Said::Refused | Said::Never) => panic!("{other:?}"),
        }
        self.settled().await;
    }

    async fn an_answer_arrives_once_and_comes_back_as_nothing(&mut self) {
        let answer = "Tu smo 💛 бићемо ту.";
        self.answer(answer).await;
        if self.world.echoes(Who::Ana).await {
            self.ana_says("posle odjeka").await;
            self.settled().await;
        }
        assert_eq!(self.heard(answer).await, 1);
    }

    async fn an_answer_takes_its_files_along_and_is_seen_being_written(&mut self) {
        let path = format!("/desk/contacts/{}", self.reference);
        self.staff
            .submit(&format!("{path}/here"), &[("doing", "writing")])
            .await
            .unwrap();
        for _ in 0..100 {
            if self.world.sees_typing(Who::Ana).await != Some(false) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_ne!(self.world.sees_typing(Who::Ana).await, Some(false));
        let file = multipart::Part::bytes(vec![9; 5_000]).file_name("uputstvo.pdf");
        let form = multipart::Form::new()
            .text("id", uuid::Uuid::new_v4().to_string())
            .text("text", "Evo uputstva.")
            .part("files", file);
        let client = reqwest::Client::builder().build().unwrap();
        let request = client.post(format!("{}{path}/reply", self.service.base()));
        let answer = request.bearer_auth(self.staff.token()).multipart(form).send();
        let status = answer.await.unwrap().status();
        if self.world.files(Who::Ana).await.is_none() {
            assert_eq!(status.as_u16(), 409, "what cannot be sent is not taken");
            return;
        }
        assert!(status.is_success() || status.is_redirection(), "{status}");
        self.arrived("Evo uputstva.").await;
        let files = self.world.files(Who::Ana).await.unwrap();
        assert_eq!(files, [("uputstvo.pdf".to_owned(), 5_000)]);
    }

    async fn an_answer_waits_as_long_as_the_network_asks(&mut self) {
        if !self.world.limits() {
            return;
        }
        let answer = "Ovo stiže malo kasnije.";
        self.staff.reply(&self.reference, answer).await.unwrap();
        wait_until(Duration::from_secs(60), || async {
            let (state, _) = self.staff.last_reply(&self.reference).await.unwrap();
            ["delayed", "sent"].contains(&state.as_str())
        })
        .await
        .unwrap();
        self.world.lets();
        self.arrived(answer).await;
        assert_eq!(self.heard(answer).await, 1);
    }

    async fn two_people_of_one_name_are_two_contacts(&mut self) {
        assert_eq!(self.world.says(Who::Other, "i ja sam Ana").await, Said::Kept);
        let contacts = self.staff.until_contacts(2).await.unwrap();
        let other = contacts
            .iter()
            .find(|one| text(one, "/reference") != self.reference)
            .unwrap();
        assert_eq!(text(other, "/first_words"), "i ja sam Ana");
        self.ana_says("a ja sam prva Ana").await;
        self.settled().await;
        let reference = text(other, "/reference").to_owned();
        self.staff
            .reply(&reference, "Ovo je samo za drugu.")
            .await
            .unwrap();
        self.staff.until_reply_is(&reference, "sent").await.unwrap();
        assert_eq!(self.heard("Ovo je samo za drugu.").await, 0);
    }

    async fn a_refusal_is_told_and_somebody_looks_again(&mut self) {
        if !self.world.refuses(Who::Ana) {
            return;
        }
        self.staff.reply(&self.reference, "Ovo ne stiže.").await.unwrap();
        self.staff
            .until_reply_is(&self.reference, "failed")
            .await
            .unwrap();
        let (_, said) = self.staff.last_reply(&self.reference).await.unwrap();
        assert!(!said.is_empty(), "why is told");
        let contact = self.staff.contact(&self.reference).await.unwrap();
        assert_eq!(text(&contact, "/status"), "waiting");
    }

    fn nothing_private_stands_in_the_logs(&mut self) {
        self.service.stop();
        let mut secrets = self.world.secrets();
        secrets.push(NAME.to_owned());
        secrets.push("Tu smo".to_owned());
        secrets.extend(self.said.iter().filter(|said| said.len() > 6).cloned());
        let mut found = files_with(self.service.folder(), &secrets);
        // The settings file contains the token by design.
        found.retain(|found| !found.ends_with("hotline.toml"));
        assert!(found.is_empty(), "{found:#?}");
    }

    async fn ana_says(&mut self, words: &str) {
        assert_eq!(self.world.says(Who::Ana, words).await, Said::Kept, "{words}");
        self.said.push(words.to_owned());
    }

    /// Waits until Ana's contact contains all her messages, and checks that it contains nothing else.
    async fn settled(&self) {
        let said = self.staff.until_messages(&self.reference, self.said.len()).await;
        let said: Vec<_> = said
            .unwrap_or_else(|error| panic!("{error:#}: {:?}", self.said))
            .iter()
            .map(|one| text(one, "/text").trim().to_owned())
            .collect();
        assert_eq!(said, self.said);
        assert!(self.staff.contacts().await.unwrap().len() <= 2);
    }

    async fn answer(&mut self, words: &str) {
        self.staff.reply(&self.reference, words).await.unwrap();
        self.arrived(words).await;
    }

    async fn arrived(&mut self, words: &str) {
        for _ in 0..1_200 {
            if self.heard(words).await > 0 {
                self.staff.until_reply_is(&self.reference, "sent").await.unwrap();
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{words} never arrived");
    }

    /// Counts how often Ana received this text.
    async fn heard(&mut self, words: &str) -> usize {
        let told = self.world.told(Who::Ana).await;
        told.iter().filter(|told| told.contains(words)).count()
    }
}

macro_rules! worlds {
    ($($name:ident: $world:ty),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                keeps_the_contract::<$world>().await;
            }
        )*

        #[test]
        fn every_registered_channel_is_under_contract() {
            let mut tried = vec![$(<$world as World>::CHANNEL),*];
            let mut registered: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
            tried.sort_unstable();
            registered.sort_unstable();
            assert_eq!(tried, registered);
        }
    };
}

worlds! {
    mail_keeps_the_contract: email::Mail,
    the_form_keeps_the_contract: webform::Form,
    telegram_keeps_the_contract: telegram::Chat,
    discord_keeps_the_contract: discord::Chat,
    the_bridge_keeps_the_contract: bridge::Other,
}
